"""Maven: what its download goals read, and when one of them may run before the sources are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.asked import answer, known, obstacle

BOOT = """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>3.3.4</version>
    <relativePath/>
  </parent>
  <groupId>com.example</groupId>
  <artifactId>shop</artifactId>
  <version>0.0.1-SNAPSHOT</version>
  {more}
  <dependencies>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-web</artifactId>
    </dependency>
    {dependencies}
  </dependencies>
</project>
"""
WRAPPER = {
    "mvnw": '#!/bin/sh\nexec java "$@"\n',
    ".mvn/wrapper/maven-wrapper.properties": "distributionUrl=https://repo.maven.apache.org/maven2/apache-maven-3.9.9-bin.zip\n",
}


def pom(more: str = "", dependencies: str = "") -> str:
    return BOOT.format(more=more, dependencies=dependencies)


def module(name: str, *needed: str) -> str:
    """The POM of a module below `parent`, which needs the modules `needed`."""
    dependencies = "".join(
        f"<dependency><groupId>com.example</groupId><artifactId>{other}</artifactId>"
        "<version>${project.version}</version></dependency>"
        for other in needed
    )
    return (
        "<project><parent><groupId>com.example</groupId><artifactId>parent</artifactId><version>1</version></parent>"
        f"<artifactId>{name}</artifactId><dependencies>{dependencies}</dependencies></project>"
    )


def reactor(*names: str) -> str:
    modules = "".join(f"<module>{name}</module>" for name in names)
    return (
        "<project><groupId>com.example</groupId><artifactId>parent</artifactId><version>1</version>"
        f"<packaging>pom</packaging><modules>{modules}</modules></project>"
    )


@pytest.mark.parametrize(
    ("command", "fetch"),
    [
        ("mvn package", "mvn dependency:go-offline"),
        ("mvn -B -q clean package -DskipTests", "mvn -B -q -DskipTests dependency:go-offline"),
        ("mvn clean install -Pprod -T 1C", "mvn -Pprod dependency:go-offline"),
        (
            "mvn verify -P 'prod,!dev' -Drevision=1.2 -ntp",
            "mvn -P 'prod,!dev' -Drevision=1.2 -ntp dependency:go-offline",
        ),
        ("mvn -f pom.xml -D a=b package", "mvn -f pom.xml -D a=b dependency:go-offline"),
        ("MAVEN_OPTS=-Xmx1g mvn package", "MAVEN_OPTS=-Xmx1g mvn dependency:go-offline"),
        ("mvn package spring-boot:repackage", "mvn dependency:go-offline"),
        ("/usr/bin/mvn test", "/usr/bin/mvn dependency:go-offline"),
    ],
)
def test_downloads_go_first(tmp_path: Path, command: str, fetch: str) -> None:
    found = known(answer(tmp_path, {"pom.xml": pom()}, command))
    assert (found.fetch, found.reads, found.leaves) == (fetch, ("pom.xml",), ())
    assert [str(fact.fact) for fact in found.evidence] == ["declares the dependencies"]
    assert "still compiles" in found.still


@pytest.mark.parametrize(
    "command", ["mvn dependency:go-offline", "mvn -B dependency:resolve dependency:resolve-plugins"]
)
def test_a_download_goal_is_an_install(tmp_path: Path, command: str) -> None:
    found = known(answer(tmp_path, {"pom.xml": pom(), "src/A.java": ""}, command))
    assert (found.fetch, found.reads) == (None, ("pom.xml",))


@pytest.mark.parametrize("command", ["mvn --version", "mvn clean", "mvn validate", "mvn spring-boot:run"])
def test_commands_that_are_no_install(tmp_path: Path, command: str) -> None:
    assert answer(tmp_path, {"pom.xml": pom()}, command) is None


def test_downloads_that_have_a_step_of_their_own(tmp_path: Path) -> None:
    before = "mvn -B dependency:go-offline"
    assert answer(tmp_path, {"pom.xml": pom()}, "mvn -B package", before=before) is None
    assert known(answer(tmp_path, {"pom.xml": pom()}, "mvn -B package", before="mvn --version")).fetch


@pytest.mark.parametrize(
    ("more", "dependencies"),
    [
        ("<repositories><repository><url>https://jitpack.io</url></repository></repositories>", ""),
        ("<reporting><plugins/></reporting>", ""),
        (
            "<build><plugins><plugin><groupId>com.acme</groupId><artifactId>x</artifactId></plugin></plugins></build>",
            "",
        ),
        ("", "<dependency><artifactId>a</artifactId><exclusions><exclusion/></exclusions></dependency>"),
        (
            "<dependencyManagement><dependencies><dependency><groupId>com.acme</groupId><artifactId>bom</artifactId>"
            "<scope>import</scope></dependency></dependencies></dependencyManagement>",
            "",
        ),
    ],
)
def test_go_offline_only_where_it_is_sure(tmp_path: Path, more: str, dependencies: str) -> None:
    found = known(answer(tmp_path, {"pom.xml": pom(more, dependencies)}, "mvn package"))
    assert found.fetch == "mvn dependency:resolve"
    assert "fetches Maven's plugins" in found.still


def test_a_parent_that_is_not_known_takes_the_sure_goal(tmp_path: Path) -> None:
    text = pom().replace(
        "org.springframework.boot</groupId>\n    <artifactId>spring-boot-starter-parent",
        "com.acme</groupId><artifactId>base",
    )
    assert known(answer(tmp_path, {"pom.xml": text}, "mvn package")).fetch == "mvn dependency:resolve"


def test_the_wrapper_is_started_as_the_writer_starts_it(tmp_path: Path) -> None:
    files = {"pom.xml": pom(), **WRAPPER}
    found = known(answer(tmp_path, files, "./mvnw -B package"))
    assert found.fetch == "./mvnw -B dependency:go-offline"
    assert found.reads == ("mvnw", "pom.xml", ".mvn/")


def test_a_wrapper_that_is_not_executable(tmp_path: Path) -> None:
    files = {"pom.xml": pom(), **WRAPPER}
    answer(tmp_path, files, "mvn -v")
    (tmp_path / "mvnw").chmod(0o644)
    assert known(answer(tmp_path, {}, "./mvnw package")).fetch == "sh ./mvnw dependency:go-offline"
    assert known(answer(tmp_path, {}, "sh mvnw package")).fetch == "sh mvnw dependency:go-offline"
    assert answer(tmp_path, {}, "./mvnw package", before="sh ./mvnw dependency:go-offline") is None
    (tmp_path / "mvnw").write_text("#!/bin/bash\n")
    assert "mvnw is not executable" in obstacle(answer(tmp_path, {}, "./mvnw package"))
    (tmp_path / "mvnw").write_bytes(b"#!/bin/sh\r\n")
    assert "line endings" in obstacle(answer(tmp_path, {}, "./mvnw package"))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"mvnw": "#!/bin/sh\n"}, "needs .mvn/wrapper/"),
        (
            {**WRAPPER, ".mvn/wrapper/maven-wrapper.properties": "distributionBase=PROJECT\n"},
            "keeps Maven in the project",
        ),
        (
            {**WRAPPER, ".mvn/wrapper/maven-wrapper.properties": "distributionUrl=file:/m.zip"},
            "keeps Maven in the project",
        ),
        (
            {
                **WRAPPER,
                ".mvn/extensions.xml": "<extensions><extension><groupId>fr.brouillard.oss</groupId>"
                "<artifactId>jgitver-maven-plugin</artifactId></extension></extensions>",
            },
            ".mvn/extensions.xml loads fr.brouillard.oss:jgitver-maven-plugin",
        ),
        ({**WRAPPER, ".mvn/maven.config": "-f other/pom.xml"}, ".mvn/maven.config holds -f"),
        ({**WRAPPER, ".mvn/maven.config": "--settings"}, ".mvn/maven.config holds --settings"),
        ({**WRAPPER, ".mvn/jvm.config": "-Dmaven.repo.local=/app/repo"}, ".mvn/jvm.config holds -Dmaven.repo.local"),
    ],
)
def test_what_stands_against_a_wrapper(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    assert reason in obstacle(answer(tmp_path, {"pom.xml": pom(), **files}, "./mvnw package"))


def test_settings(tmp_path: Path) -> None:
    settings = "<settings><servers><server><password>${env.TOKEN}</password></server></servers></settings>"
    files = {"pom.xml": pom(), "ci/settings.xml": settings}
    found = known(answer(tmp_path, files, "mvn -s ci/settings.xml package"))
    assert found.reads == ("pom.xml", "ci/settings.xml")
    assert found.fetch == "mvn -s ci/settings.xml dependency:resolve"
    assert known(answer(tmp_path, files, "mvn -s /usr/share/maven/ref/settings-docker.xml package")).reads == (
        "pom.xml",
    )
    assert "is not in the context" in obstacle(answer(tmp_path, files, "mvn -s gone.xml package"))
    secret = {"ci/settings.xml": settings.replace("${env.TOKEN}", "hunter2")}
    assert "ci/settings.xml holds a password" in obstacle(answer(tmp_path, secret, "mvn -s ci/settings.xml package"))


def test_settings_named_by_the_configuration_of_the_project(tmp_path: Path) -> None:
    files = {"pom.xml": pom(), ".mvn/maven.config": "-B\n--settings=.mvn/s.xml\n", ".mvn/s.xml": "<settings/>"}
    found = known(answer(tmp_path, files, "mvn package"))
    assert (found.reads, found.fetch) == (("pom.xml", ".mvn/"), "mvn dependency:resolve")


def test_a_reactor_without_dependencies_of_its_own(tmp_path: Path) -> None:
    files = {"pom.xml": reactor("web", "jobs"), "web/pom.xml": module("web"), "jobs/pom.xml": module("jobs")}
    found = known(answer(tmp_path, files, "mvn package"))
    assert found.reads == ("pom.xml", "web/pom.xml", "jobs/pom.xml")
    assert found.evidence[-1].fact == "has no module that depends on another"


def test_a_reactor_whose_modules_depend_on_each_other(tmp_path: Path) -> None:
    files = {"pom.xml": reactor("core", "web"), "core/pom.xml": module("core"), "web/pom.xml": module("web", "core")}
    reason = obstacle(answer(tmp_path, files, "mvn -pl web -am package"))
    assert reason.startswith("web/pom.xml:1 needs core, a module that is built first")
    # The download goal as the writer's own step reads the same POMs, wherever it stands.
    assert known(answer(tmp_path, files, "mvn dependency:go-offline")).reads == (
        "pom.xml",
        "core/pom.xml",
        "web/pom.xml",
    )


def test_a_parent_in_the_project(tmp_path: Path) -> None:
    files = {"pom.xml": reactor("web"), "web/pom.xml": module("web")}
    found = known(answer(tmp_path, files, "mvn package", folder="/app/web"))
    assert found.reads == ("pom.xml", "/app/pom.xml")
    assert found.fetch == "mvn dependency:go-offline"


@pytest.mark.parametrize(
    ("more", "dependencies", "read"),
    [
        (
            "",
            "<dependency><scope>system</scope><systemPath>${project.basedir}/lib/a.jar</systemPath></dependency>",
            "lib/a.jar",
        ),
        ("", "<dependency><scope>system</scope><systemPath>${java.home}/lib/tools.jar</systemPath></dependency>", None),
        (
            "<repositories><repository><url>file://${project.basedir}/repo</url></repository></repositories>",
            "",
            "repo/",
        ),
        ("<repositories><repository><url>file:${basedir}/repo</url></repository></repositories>", "", "repo/"),
        ("<repositories><repository><url>file:///app/repo</url></repository></repositories>", "", "repo/"),
        ("<repositories><repository><url>file:///opt/repo</url></repository></repositories>", "", None),
    ],
)
def test_files_beside_the_poms(tmp_path: Path, more: str, dependencies: str, read: str | None) -> None:
    files = {"pom.xml": pom(more, dependencies), "lib/a.jar": "", "repo/a/a.pom": ""}
    found = known(answer(tmp_path, files, "mvn package"))
    assert found.reads == (("pom.xml", read) if read else ("pom.xml",))
    assert found.fetch == "mvn dependency:resolve"


@pytest.mark.parametrize(
    ("more", "dependencies", "reason"),
    [
        (
            "<profiles><profile><activation><file><exists>src/main/x</exists></file></activation></profile></profiles>",
            "",
            "pom.xml:13 has a profile that depends on the file src/main/x",
        ),
        (
            "<build><extensions><extension><groupId>a</groupId><artifactId>b</artifactId></extension></extensions></build>",
            "",
            "pom.xml:13 loads the extension a:b",
        ),
        (
            "<build><pluginManagement><plugins><plugin><groupId>org.eclipse.tycho</groupId><artifactId>tycho-maven-plugin"
            "</artifactId><extensions>true</extensions></plugin></plugins></pluginManagement></build>",
            "",
            "loads the extension org.eclipse.tycho:tycho-maven-plugin",
        ),
        ("", "<dependency><systemPath>${project.basedir}/lib/gone.jar</systemPath></dependency>", "needs lib/gone.jar"),
        ("", "<dependency><systemPath>${lib.dir}/a.jar</systemPath></dependency>", "reads ${lib.dir}/a.jar"),
        ("<repositories><repository><url>${where}</url></repository></repositories>", "", "reads ${where}"),
        ("<repositories><repository><url>file://${basedir}</url></repository></repositories>", "", "as its repository"),
        ("<modules><module>${name}</module></modules>", "", "names the module ${name}"),
        (
            "<build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><configuration>"
            "<classifier>sources</classifier></configuration></plugin></plugins></build>",
            "",
            "pom.xml configures maven-dependency-plugin",
        ),
    ],
)
def test_poms_that_read_what_is_not_known(tmp_path: Path, more: str, dependencies: str, reason: str) -> None:
    assert reason in obstacle(answer(tmp_path, {"pom.xml": pom(more, dependencies)}, "mvn package"))


def test_extensions_that_are_known(tmp_path: Path) -> None:
    more = (
        "<build><extensions><extension><groupId>kr.motd.maven</groupId><artifactId>os-maven-plugin</artifactId>"
        "</extension></extensions></build>"
    )
    assert known(answer(tmp_path, {"pom.xml": pom(more)}, "mvn package")).reads == ("pom.xml",)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("mvn compile", "downloads less"),
        ("mvn -o package", "`mvn -o`"),
        ("mvn --frobnicate package", "`mvn --frobnicate`"),
        ("mvn package -Drevision=$VERSION", "by a variable"),
        ("mvn -P $PROFILE package", "by a variable"),
        ("mvn $GOALS", "by a variable"),
        ("mvn package -Dclassifier=linux", "changes what Maven's download goals do"),
        ("mvn -f $POM package", "by a variable"),
        ("mvn -f other/pom.xml package", "does not come from the context"),
        ("A=$B mvn package", "variables that are not known"),
    ],
)
def test_commands_that_are_not_understood(tmp_path: Path, command: str, reason: str) -> None:
    assert reason in obstacle(answer(tmp_path, {"pom.xml": pom()}, command))


def test_a_repository_among_the_sources_is_left_out_of_the_context(tmp_path: Path) -> None:
    files = {"pom.xml": pom()}
    assert known(answer(tmp_path, files, "mvn -Dmaven.repo.local=.m2 package")).leaves == (".m2",)
    assert known(answer(tmp_path, files, "mvn -Dmaven.repo.local=/root/.m2 package")).leaves == ()
    env = {"MAVEN_OPTS": "-Xmx1g -Dmaven.repo.local=/app/.m2"}
    assert known(answer(tmp_path, files, "mvn package", env=env)).leaves == (".m2",)


BOMB = '<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><project>&b;</project>'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "pom.xml declares a DTD or entities"),
        ("<project>", "pom.xml is no XML"),
        ("", "pom.xml is no XML"),
        ("\x00", "pom.xml is no XML"),
        ("<project>" + "<a>" * 100_000 + "</a>" * 100_000 + "</project>", "pom.xml is nested too deeply"),
        (reactor("."), None),
        (reactor(*(f"m{number}" for number in range(3000))), None),
    ],
)
def test_hostile_poms(tmp_path: Path, text: str, reason: str | None) -> None:
    found = answer(tmp_path, {"pom.xml": text}, "mvn package")
    assert reason in obstacle(found) if reason else known(found).reads == ("pom.xml",)


def test_parents_that_go_round(tmp_path: Path) -> None:
    parent = "<project><parent><relativePath>{}</relativePath></parent></project>"
    files = {"a/pom.xml": parent.format("../b/pom.xml"), "b/pom.xml": parent.format("../a/pom.xml")}
    found = known(answer(tmp_path, files, "mvn -f a package"))
    assert found.reads == ("a/pom.xml", "b/pom.xml")
