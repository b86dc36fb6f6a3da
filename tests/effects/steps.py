"""Random steps of real commands over a few paths, for the law that effects must keep."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

# What each pair of steps starts from: folders, files with their contents, links with their targets.
FOLDERS = ("a", "a/b", "a/b/c", "d", "w")
FILES = {
    "a/f": "one\ntwo\n",
    "a/g.txt": "g\n",
    "a/b/h": "h\nx\n",
    "a/b/i.txt": "i\n",
    "d/k": "k\nx\n",
    "d/t.txt": "t\n",
}
LINKS = {"l": "d", "a/m": "a/b"}
VARIABLES = {"D": "d", "E": "e"}

_FOLDERS = ("a", "a/b", "a/b/c", "d", "e", "e/q", "l", "a/m", "w", "n")
_NAMES = ("f", "g.txt", "h", "k", "t.txt", "x", "y.txt", "b", "q", "m")


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes words for commands below the folder `root`."""

    root: str
    random: random.Random
    recent: list[str] = field(default_factory=list)

    def any(self) -> str:
        """A path that may be a file, a folder, a link or nothing, in a folder that is mostly there."""
        folder = self.random.choice(FOLDERS) if self.random.random() < 0.5 else self.random.choice(_FOLDERS)
        path = folder if self.random.random() < 0.2 else f"{folder}/{self.random.choice(_NAMES)}"
        return self._spelt(path)

    def file(self) -> str:
        if self.random.random() < 0.15:
            return self.any()
        return self._spelt(self.random.choice(list(FILES)))

    def folder(self) -> str:
        return self._spelt(self.random.choice(_FOLDERS if self.random.random() < 0.25 else FOLDERS))

    def near(self) -> str | None:
        """Often a path around one that is used already: steps that have nothing in common teach nothing."""
        if not self.recent or self.random.random() < 0.7:
            return None
        path = self.random.choice(self.recent[-4:])
        match self.random.randrange(4):
            case 0:
                return path
            case 1 if "/" in path:
                return path.rpartition("/")[0]
        return f"{path}/{self.random.choice(_NAMES)}"

    def _spelt(self, path: str) -> str:
        path = self.near() or path
        self.recent.append(path)
        match self.random.randrange(12):
            case 0 | 1 | 2:
                return path
            case 3:
                return f"./{path}"
            case 4 if path.startswith("d/"):
                return "$D" + path[1:]
            case 5 if path.startswith("e/"):
                return '"${E}"' + path[1:]
            case 6:
                return f'"{self.root}/{path}"'
            case 7 if "/" in path:
                return path.replace("/", "//", 1)
        return f"{self.root}/{path}"


_Template = Callable[[Maker], str]
_COMMANDS: tuple[_Template, ...] = (
    lambda m: f"mkdir -p {m.any()}",
    lambda m: f"mkdir -p {m.folder()} {m.any()}",
    lambda m: f"mkdir {m.any()}",
    lambda m: f"mkdir -m 700 {m.any()}",
    lambda m: f"mkdir -p -m 750 {m.any()}",
    lambda m: f"install -d -m 711 {m.any()}",
    lambda m: f"install -m 600 {m.file()} {m.any()}",
    lambda m: f"install -D {m.file()} {m.any()}",
    lambda m: f"rmdir {m.folder()}",
    lambda m: f"touch {m.any()}",
    lambda m: f"touch {m.any()} {m.any()}",
    lambda m: f"touch -c {m.any()}",
    lambda m: f"echo one > {m.any()}",
    lambda m: f"echo two >> {m.any()}",
    lambda m: f"printf '%s\\n' three >{m.any()}",
    lambda m: f": > {m.any()}",
    lambda m: f"cat {m.file()} > {m.any()}",
    lambda m: f"cat {m.file()} {m.file()} >> {m.any()}",
    lambda m: f"cat {m.folder()}/* > {m.any()} 2>/dev/null",
    lambda m: f"cat {m.folder()}/*.txt > {m.any()}",
    lambda m: f"cat < {m.file()} > {m.any()}",
    lambda m: f"cp {m.file()} {m.any()}",
    lambda m: f"cp {m.file()} {m.folder()}/",
    lambda m: f"cp {m.file()} {m.file()} {m.folder()}",
    lambda m: f"cp -r {m.folder()} {m.any()}",
    lambda m: f"cp -r {m.folder()}/. {m.any()}",
    lambda m: f"cp -a {m.folder()} {m.folder()}",
    lambda m: f"cp -t {m.folder()} {m.file()}",
    lambda m: f"cp -n {m.file()} {m.any()}",
    lambda m: f"mv {m.any()} {m.any()}",
    lambda m: f"mv {m.file()} {m.folder()}/",
    lambda m: f"mv -f {m.file()} {m.file()} {m.folder()}",
    lambda m: f"mv -T {m.folder()} {m.any()}",
    lambda m: f"rm -f {m.any()}",
    lambda m: f"rm {m.file()}",
    lambda m: f"rm -rf {m.any()}",
    lambda m: f"rm -rf {m.folder()}/*",
    lambda m: f"rm -f {m.folder()}/*.txt",
    lambda m: f"rm -f {m.folder()}/[a-g]*",
    lambda m: f"ln -s {m.any()} {m.any()}",
    lambda m: f"ln -sfn {m.any()} {m.any()}",
    lambda m: f"ln -s ../d {m.any()}",
    lambda m: f"ln {m.file()} {m.any()}",
    lambda m: f"chmod 600 {m.file()}",
    lambda m: f"chmod 700 {m.any()}",
    lambda m: f"chmod -R g-rwx {m.folder()}",
    lambda m: f"chmod u+x,g-w {m.file()}",
    lambda m: f"chmod 2775 {m.folder()}",
    lambda m: f"chmod --reference={m.file()} {m.any()}",
    lambda m: f"chown 1:2 {m.any()}",
    lambda m: f"chown -R 3:4 {m.folder()}",
    lambda m: f"chgrp 5 {m.folder()}",
    lambda m: f"chown -h 6:6 {m.any()}",
    lambda m: f"sed -i 's/x/y/' {m.file()}",
    lambda m: f"sed -i -e '/two/d' -e s,o,0,g {m.file()} {m.file()}",
    lambda m: f"sed -n 1p {m.file()} > {m.any()}",
    lambda m: f"sort -o {m.any()} {m.file()}",
    lambda m: f"sort -r {m.file()} > {m.any()}",
    lambda m: f"head -n 1 {m.file()} > {m.any()}",
    lambda m: f"tail -n1 {m.file()} >> {m.any()}",
    lambda m: f"tee {m.any()} < {m.file()} >/dev/null",
    lambda m: f"echo four | tee -a {m.any()} >/dev/null",
    lambda m: f"tr a-z A-Z < {m.file()} > {m.any()}",
    lambda m: f"find {m.folder()} -name '*.txt' -delete",
    lambda m: f"find {m.folder()} -type f -exec chmod 640 {{}} +",
    lambda m: f"find {m.folder()} -type f > {m.any()}",
    lambda m: f"find {m.folder()} -maxdepth 1 -empty -exec rm -rf {{}} \\;",
    lambda m: f"ls {m.folder()} > {m.any()}",
    lambda m: f"grep -rl x {m.folder()} > {m.any()}",
    lambda m: f"grep -q x {m.file()} && touch {m.any()}",
    lambda m: f"wc -c {m.file()} > {m.any()}",
    lambda m: f"md5sum {m.file()} > {m.any()}",
    lambda m: f"stat -c %a:%u {m.any()} > {m.any()}",
    lambda m: f"readlink {m.any()} > {m.any()}",
    lambda m: f"truncate -s 1 {m.any()}",
    lambda m: f"cmp {m.file()} {m.file()} > {m.any()} || true",
    lambda m: f"tar -cf {m.any()} --mtime=@0 --sort=name -C {m.folder()} .",
    lambda m: f"tar cf w/t.tar --mtime=@0 --sort=name -C {m.folder()} . && tar xf w/t.tar -C {m.folder()}",
    lambda m: f"gzip -nf {m.file()}",
    lambda m: f"test -e {m.any()} && touch {m.any()}",
    lambda m: f"test ! -e {m.any()} && mkdir -p {m.any()}",
    lambda m: f"[ -d {m.any()} ] || mkdir {m.any()}",
    lambda m: f"if [ -f {m.any()} ]; then rm {m.any()}; else echo no > {m.any()}; fi",
    lambda m: f"for n in x y.txt; do echo $n > {m.folder()}/$n; done",
    lambda m: f"for p in {m.file()} {m.file()}; do chmod 444 $p; done",
    lambda m: f"for p in {m.folder()}/*; do echo z >> $p; done",
    lambda m: f"cd {m.folder()} && touch x y.txt",
    lambda m: f"cd {m.folder()} && cp f ../n",
    lambda m: f"cd {m.folder()}; touch {m.any()} x",
    lambda m: f"cd {m.folder()} || cd {m.folder()}; echo t > x",
    lambda m: f"if cd {m.folder()}; then touch x; fi; rm -f {m.any()} h",
    lambda m: f"for n in b c; do cd $n && touch x {m.any()}; done",
    lambda m: f"(cd {m.folder()} && rm -f x *.txt) && touch {m.any()}",
    lambda m: f"{{ echo five; cat {m.file()}; }} > {m.any()}",
    lambda m: f"V={m.any()}; touch $V",
    lambda m: f'V={m.folder()} && echo "$V" > "$V/x"',
    lambda m: f'echo "$(cat {m.file()})" > {m.any()}',
    lambda m: f"echo $(ls {m.folder()} | wc -l) > {m.any()}",
    lambda m: f"echo `cat {m.file()}` >> {m.any()}",
    lambda m: f"echo $D $E > {m.any()}",
    lambda m: f"echo \"$GIT_SHA\" > {m.any()}",
    lambda m: f"umask 077; mkdir -p {m.any()}",
    lambda m: f"umask 027 && touch {m.any()}",
    lambda m: f"set -e; rm -f {m.any()}; echo six > {m.any()}",
    lambda m: f"export V={m.folder()}; cp {m.file()} $V/",
    lambda m: f"touch {m.folder()}/../n",
    lambda m: f"echo {m.any()} | xargs rm -f",
)  # fmt: skip


def command(maker: Maker) -> str:
    """A script of one to three commands."""
    chosen = [maker.random.choice(_COMMANDS)(maker) for _ in range(maker.random.choice((1, 1, 1, 1, 2, 2, 3)))]
    return maker.random.choice((" && ", " && ", "; ", " || ")).join(chosen)


def step(maker: Maker) -> tuple[str, str]:
    """One step, as an instruction and as a line of a shell that does the same: settings hold for the lines behind."""
    match maker.random.randrange(24):
        case 0:
            path = f"{maker.root}/{maker.random.choice(_FOLDERS)}"
            return f"WORKDIR {path}", f"mkdir -p {path} && cd {path}"
        case 1:
            path = maker.random.choice(_FOLDERS)
            return f"WORKDIR {path}", f"mkdir -p {path} && cd {path}"
        case 2:
            name = maker.random.choice(("D", "E", "GIT_SHA", "FOO"))
            value = f"{maker.root}/{maker.random.choice(_FOLDERS)}"
            return f"ENV {name}={value}", f"export {name}={value}"
        case 3:
            return "ENV E=$D/x", "export E=$D/x"
    script = command(maker)
    return f"RUN {script}", f"( {script} )"
