"""What is found for and against running an image without root."""

from __future__ import annotations

from dataclasses import dataclass, field

from rewriter.change import Evidence


@dataclass
class Found:
    """`refusal` says why the image must stay as it is, `doubts` why it is not shown that it works without root.
    `folders` are those in which the program writes, each with what shows it; `files` are existing ones in folders that
    it must not own with all that is in them. `places` are those doubts that are only about where it writes."""

    refusal: str = ""
    doubts: list[str] = field(default_factory=list)
    folders: dict[str, Evidence] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    native: bool = False  # a program that asks for no home folder
    places: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)  # folders that are given with all that is in them
    made: set[str] = field(default_factory=set)  # folders that the steps make for sure

    def refuse(self, reason: str) -> None:
        """Take `reason`, if it is one and the first."""
        self.refusal = self.refusal or reason

    def doubt(self, reason: str, *, place: bool = False) -> None:
        if reason and reason not in self.doubts:
            self.doubts.append(reason)
            self.places.update((reason,) if place else ())


def where(evidence: Evidence) -> str:
    """`file:line`, or `line 3` of the Dockerfile."""
    return f"{evidence.file}:{evidence.line}" if evidence.file else f"line {evidence.line}"
