"""A verification as JSON, for programs: one object, `version` 1. Sizes are bytes, times are seconds.

`bandwidth` is that of the pull times, in Mbit/s. `files` has one object for each Dockerfile, `comparisons` one for
each comparison of bases (`path`, and `choices` of `name`, `base`, `reason` and `side`), `errors` one for each file that
could not be verified (`path`, `message`). A value that is not known is null. A file has:

- `path`, `engine`, `verdict` (`holds`, `unchanged`, `partly`, `fails`, `original`, `unproven`), `reason` (a sentence),
  `passed` (the rewrite holds, and every gate with it), `builds` (how many were made), `kept` (found before);
- `text`: the Dockerfile that passed; `ignore`: the ignore file that belongs to it, or null; `transforms` in it;
- `edited`: the file whose edit the rebuilds repeat;
- `before`, `after`: a side, or null;
- `differences`: `what`, `before`, `after`, `weight` (`on purpose`, `noted`, `fails`), `why`;
- `files`: null, or `gone`, `new`, `changed` (groups: `what`, `name`, `files`, `size`, `examples`), `owners` (`folder`,
  `change`, `files`) and `lost` (`path`, `why`);
- `left_out`: `transform`, `step`, `line` (1-based, or null), `message`;
- `gates`: `name`, `found`, `holds`;
- `scans`: `scanner`, `before` and `after` (counts by severity), `packages_gone`, `packages_kept`, `note` (why there is
  nothing of all that, "" where there is).

A side has `image` (`tag`, `id`, `size`, `compressed`, `layers` of `step` and `size`, `settings`), `pull` (`seconds`,
`of`: `compressed` or `uncompressed`), `cold` and `rebuild` (`seconds`, `fetching`, `steps` of `name`, `seconds`,
`cached`), `behaviour` (`working`, `uid`, `ready`, `stopping`, `killed`, `logs`, `answers` of `asked`, `status`, `kind`,
`steady`, `body`, `bytes`, `sha256`) and `hardened` (`working`, `needs`). `body` is text, at most 2000 characters of it;
`bytes` and `sha256` are of the whole body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from rewriter.verify.engine import Build, Image, Settings
from rewriter.verify.model import Answer, Behaviour, Choice, Side, Verification
from rewriter.verify.report.numbers import BANDWIDTH, pull_time
from rewriter.verify.report.summary import compression, pulled

_BODY = 2000


def render(
    found: Sequence[Verification],
    *,
    bandwidth: float = BANDWIDTH,
    comparisons: Mapping[str, Sequence[Choice]] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> str:
    """Return the object as text. `comparisons` are by path; `errors` have `path` and `message`."""
    document = {
        "version": 1,
        "bandwidth": bandwidth,
        "files": [_file(one, bandwidth) for one in found],
        "comparisons": [
            {"path": path, "choices": [_choice(choice, bandwidth) for choice in choices]}
            for path, choices in (comparisons or {}).items()
        ],
        "errors": [dict(error) for error in errors],
    }
    return json.dumps(document, indent=2) + "\n"


def _file(found: Verification, bandwidth: float) -> dict[str, Any]:
    return {
        "path": found.path,
        "engine": found.engine,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "passed": found.passed,
        "builds": found.builds,
        "kept": found.kept,
        "text": found.text,
        "ignore": found.ignore,
        "transforms": list(found.transforms),
        "edited": found.edited,
        "before": _side(found.before, bandwidth) if found.before else None,
        "after": _side(found.after, bandwidth) if found.after else None,
        "differences": [{**asdict(difference), "weight": difference.weight.value} for difference in found.differences],
        "files": asdict(found.files) if found.files else None,
        "left_out": [asdict(left) for left in found.left_out],
        "gates": [asdict(gate) for gate in found.gates],
        "scans": [
            {
                "scanner": scan.scanner,
                "before": dict(scan.before),
                "after": dict(scan.after),
                "packages_gone": list(scan.packages_gone),
                "packages_kept": list(scan.packages_kept),
                "note": scan.note,
            }
            for scan in found.scans
        ],
    }


def _choice(choice: Choice, bandwidth: float) -> dict[str, Any]:
    side = _side(choice.side, bandwidth) if choice.side else None
    return {"name": choice.name, "base": choice.base, "reason": choice.reason, "side": side}


def _side(side: Side, bandwidth: float) -> dict[str, Any]:
    kind = compression([side])
    return {
        "image": _image(side.image),
        "pull": {"seconds": round(pull_time(pulled(side.image, kind), bandwidth), 3), "of": kind},
        "cold": _build(side.cold) if side.cold else None,
        "rebuild": _build(side.rebuild) if side.rebuild else None,
        "behaviour": _behaviour(side.behaviour) if side.behaviour else None,
        "hardened": {"working": side.hardened.working, "needs": list(side.hardened.needs)} if side.hardened else None,
    }


def _image(image: Image) -> dict[str, Any]:
    return {
        "tag": image.tag,
        "id": image.id,
        "size": image.size,
        "compressed": image.compressed,
        "layers": [{"step": layer.step, "size": layer.size} for layer in image.layers],
        "settings": _settings(image.settings),
    }


def _settings(settings: Settings) -> dict[str, Any]:
    return {
        "user": settings.user,
        "workdir": settings.workdir,
        "env": dict(settings.env),
        "entrypoint": list(settings.entrypoint),
        "cmd": list(settings.cmd),
        "ports": sorted(settings.ports),
        "volumes": sorted(settings.volumes),
        "labels": dict(settings.labels),
        "healthcheck": list(settings.healthcheck),
        "stopsignal": settings.stopsignal,
        "shell": list(settings.shell),
        "onbuild": list(settings.onbuild),
    }


def _build(build: Build) -> dict[str, Any]:
    steps = [{"name": step.name, "seconds": step.seconds, "cached": step.cached} for step in build.steps]
    return {"seconds": build.seconds, "fetching": build.fetching, "steps": steps}


def _behaviour(behaviour: Behaviour) -> dict[str, Any]:
    return {
        "working": behaviour.working,
        "uid": behaviour.uid,
        "ready": behaviour.ready,
        "stopping": behaviour.stopping,
        "killed": behaviour.killed,
        "logs": behaviour.logs,
        "answers": [_answer(answer) for answer in behaviour.answers],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "asked": answer.asked,
        "status": answer.status,
        "kind": answer.kind,
        "steady": answer.steady,
        "body": answer.body.decode("utf-8", "replace")[:_BODY],
        "bytes": len(answer.body),
        "sha256": sha256(answer.body).hexdigest(),
    }
