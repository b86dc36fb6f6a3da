""".NET: what a restore reads, and the restore that runs before the sources are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.asked import answer, known, obstacle

WEB = (
    '<Project Sdk="Microsoft.NET.Sdk.Web">{}'
    '<ItemGroup><PackageReference Include="Serilog" Version="4.0.0" /></ItemGroup></Project>'
)
LIB = '<Project Sdk="Microsoft.NET.Sdk">{}</Project>'
SLN = """\
Microsoft Visual Studio Solution File, Format Version 12.00
Project("{{2150E333-8FDC-42A3-9474-1A3956D46DE8}}") = "src", "src", "{{1}}"
EndProject
{}Global
EndGlobal
"""


def csproj(inner: str = "") -> str:
    return WEB.format(inner)


def solution(*paths: str) -> str:
    return SLN.format(
        "".join(
            f'Project("{{9A19103F-16F7-4668-BE54-9A1E7A4F7556}}") = "x", "{path}", "{{2}}"\r\nEndProject\n'
            for path in paths
        )
    )


def reference(path: str) -> str:
    return f'<ItemGroup><ProjectReference Include="{path}" /></ItemGroup>'


@pytest.mark.parametrize(
    ("command", "fetch"),
    [
        ("dotnet publish -c Release -o out", "dotnet restore"),
        ("dotnet build", "dotnet restore"),
        ("dotnet publish App.csproj -c $BUILD -o /app/out --nologo", "dotnet restore App.csproj"),
        (
            'dotnet publish "./App.csproj" -r linux-x64 --self-contained true',
            'dotnet restore "./App.csproj" -r linux-x64 -p:SelfContained=true',
        ),
        (
            "dotnet publish -r linux-x64 --self-contained false /p:PublishTrimmed=true",
            "dotnet restore /p:PublishTrimmed=true -r linux-x64",
        ),
        ("dotnet publish -p:PublishSingleFile=true --no-self-contained", "dotnet restore -p:PublishSingleFile=true"),
        ("dotnet test --logger 'trx;LogFileName=t.trx' -v n", "dotnet restore"),
        (
            "dotnet pack --source https://nuget.example.com/v3/index.json",
            "dotnet restore --source https://nuget.example.com/v3/index.json",
        ),
        ("dotnet publish -p:Version=$VERSION --self-contained", "dotnet restore"),
        ("DOTNET_NOLOGO=1 dotnet publish .", "DOTNET_NOLOGO=1 dotnet restore ."),
    ],
)
def test_the_restore_goes_first(tmp_path: Path, command: str, fetch: str) -> None:
    found = known(answer(tmp_path, {"App.csproj": csproj(), "Program.cs": ""}, command))
    assert (found.fetch, found.reads, found.leaves) == (fetch, ("App.csproj",), ("obj",))
    assert found.still == f"dotnet {command.split('dotnet ')[1].split()[0]} still compiles everything"


@pytest.mark.parametrize(
    "command",
    [
        "dotnet restore",
        "dotnet restore App.csproj -r $RID",
        "dotnet restore -a $TARGETARCH --locked-mode",
        "dotnet restore ./",
    ],
)
def test_a_restore_is_an_install(tmp_path: Path, command: str) -> None:
    found = known(answer(tmp_path, {"App.csproj": csproj(), "Program.cs": ""}, command))
    assert (found.fetch, found.reads, found.leaves) == (None, ("App.csproj",), ("obj",))
    assert found.evidence[0].fact == "declares the dependencies"


@pytest.mark.parametrize(
    "command", ["dotnet --info", "dotnet App.dll", "dotnet publish --no-restore", "dotnet nuget add source x"]
)
def test_commands_that_restore_nothing(tmp_path: Path, command: str) -> None:
    assert answer(tmp_path, {"App.csproj": csproj()}, command) is None


def test_a_restore_that_has_a_step_of_its_own(tmp_path: Path) -> None:
    assert answer(tmp_path, {"App.csproj": csproj()}, "dotnet publish", before="dotnet restore App.csproj") is None


def test_all_that_a_project_reads(tmp_path: Path) -> None:
    files = {
        "global.json": "{}",
        "NuGet.config": '<configuration><packageSources><add key="n" value="https://api.nuget.org/v3/index.json"/></packageSources></configuration>',
        "Directory.Build.props": '<Project><Import Project="build/common.props" /></Project>',
        "build/common.props": "<Project/>",
        "Directory.Packages.props": "<Project/>",
        "src/Web/Web.csproj": csproj(reference(r"..\Core\Core.csproj")),
        "src/Web/packages.lock.json": "{}",
        "src/Core/Core.csproj": LIB.format(""),
        "src/Other/Other.csproj": LIB.format(""),
    }
    found = known(answer(tmp_path, files, "dotnet publish src/Web -c Release"))
    assert found.fetch == "dotnet restore src/Web"
    assert found.reads == (
        "global.json",
        "NuGet.config",
        "Directory.Build.props",
        "Directory.Packages.props",
        "src/Web/Web.csproj",
        "src/Web/packages.lock.json",
        "build/common.props",
        "src/Core/Core.csproj",
    )


def test_projects_outside_of_the_working_directory(tmp_path: Path) -> None:
    files = {"Web/Web.csproj": csproj(reference("../Core/Core.csproj")), "Core/Core.csproj": LIB.format("")}
    found = known(answer(tmp_path, files, "dotnet publish", folder="/app/Web"))
    assert found.reads == ("Web.csproj", "/app/Core/Core.csproj")
    assert found.leaves == ("obj", "/app/Core/obj")


@pytest.mark.parametrize("name", ["Shop.sln", "Shop.slnx"])
def test_a_solution(tmp_path: Path, name: str) -> None:
    text = solution(r"src\Web\Web.csproj", r"tests\Web.Tests\Web.Tests.fsproj")
    if name.endswith("x"):
        text = (
            '<Solution><Folder Name="/src/"><Project Path="src/Web/Web.csproj" /></Folder>'
            '<Project Path="tests/Web.Tests/Web.Tests.fsproj" /></Solution>'
        )
    files = {
        name: text,
        "src/Web/Web.csproj": csproj(),
        "tests/Web.Tests/Web.Tests.fsproj": LIB.format(reference(r"..\..\src\Web\Web.csproj")),
    }
    found = known(answer(tmp_path, files, "dotnet restore"))
    assert found.reads == (name, "src/Web/Web.csproj", "tests/Web.Tests/Web.Tests.fsproj")
    assert found.evidence[0].fact == "names its 2 projects"


def test_folders_of_sources_that_are_called_obj(tmp_path: Path) -> None:
    files = {"Web/Web.csproj": csproj(reference("../Core/Core.csproj")), "Core/Core.csproj": LIB.format("")}
    assert known(answer(tmp_path, files, "dotnet restore Web")).leaves == ("**/obj",)
    files = {"Web/Models/obj/chair.obj": "v 0 0 0"}
    assert known(answer(tmp_path, files, "dotnet restore Web")).leaves == ("Web/obj", "Core/obj")


def test_a_project_and_a_solution_of_the_same_name(tmp_path: Path) -> None:
    files = {"App.sln": solution("App.csproj"), "App.csproj": csproj()}
    assert known(answer(tmp_path, files, "dotnet restore")).reads == ("App.sln", "App.csproj")
    reason = obstacle(answer(tmp_path, {"Other.csproj": csproj()}, "dotnet restore"))
    assert reason == ". holds more than one of App.sln, App.csproj, Other.csproj"


def test_package_sources_of_the_project(tmp_path: Path) -> None:
    config = '<configuration><packageSources><clear/><add key="local" value="{}"/></packageSources></configuration>'
    files = {"App.csproj": csproj(), "nuget.config": config.format("./feed"), "feed/a.nupkg": ""}
    assert known(answer(tmp_path, files, "dotnet restore")).reads == ("App.csproj", "nuget.config", "feed/")
    for value in ("gone", "%FEED%", "."):
        assert "names the package source" in obstacle(
            answer(tmp_path, {"nuget.config": config.format(value)}, "dotnet restore")
        )
    assert known(answer(tmp_path, {"nuget.config": config.format("/opt/feed")}, "dotnet restore")).reads == (
        "App.csproj",
        "nuget.config",
    )


def test_a_password_of_a_package_source(tmp_path: Path) -> None:
    config = (
        '<configuration><packageSourceCredentials><n><add key="ClearTextPassword" value="{}"/></n>'
        "</packageSourceCredentials></configuration>"
    )
    files = {"App.csproj": csproj(), "nuget.config": config.format("hunter2")}
    assert "nuget.config:1 holds a password" in obstacle(answer(tmp_path, files, "dotnet restore"))
    assert known(answer(tmp_path, {"nuget.config": config.format("%TOKEN%")}, "dotnet restore"))


def test_packages_among_the_sources(tmp_path: Path) -> None:
    config = '<configuration><config><add key="globalPackagesFolder" value="packages"/></config></configuration>'
    files = {"App.csproj": csproj(), "nuget.config": config}
    assert known(answer(tmp_path, files, "dotnet restore")).leaves == ("obj", "packages")
    files["nuget.config"] = "<configuration/>"
    assert known(answer(tmp_path, files, "dotnet restore --packages .nuget")).leaves == ("obj", ".nuget")
    env = {"NUGET_PACKAGES": "/app/.nuget"}
    assert known(answer(tmp_path, files, "dotnet restore", env=env)).leaves == ("obj", ".nuget")


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (reference("$(Shared)/Shared.csproj"), "App.csproj:1 names $(Shared)/Shared.csproj, which is not known"),
        (reference("../*/*.csproj"), "which is not known"),
        (reference("../Gone/Gone.csproj"), "App.csproj:1 refers to ../Gone/Gone.csproj, which is not in the image"),
        (reference("client/client.esproj"), "includes client.esproj"),
        ('<Import Project="gone.props" />', "imports gone.props"),
        ('<Import Project="$(RepoRoot)/x.props" />', "which is not known"),
        (
            "<PropertyGroup><V>$([System.IO.File]::ReadAllText('VERSION'))</V></PropertyGroup>",
            "calls [System.IO.File]::ReadAllText",
        ),
        ("<PropertyGroup><V>$([MSBuild]::GetPathOfFileAbove('v.txt'))</V></PropertyGroup>", "GetPathOfFileAbove"),
        (
            "<PropertyGroup><BaseIntermediateOutputPath>o</BaseIntermediateOutputPath></PropertyGroup>",
            "sets BaseIntermediateOutputPath",
        ),
        ("<PropertyGroup><RestoreSources>../feed</RestoreSources></PropertyGroup>", "sets RestoreSources"),
        ('<Target Name="X" BeforeTargets="CollectPackageReferences" />', "has the target X"),
        ('<Target Name="Restore" />', "has the target Restore"),
        ('<Sdk Name="Microsoft.Build.NoTargets" Version="3.7.0" />', "uses the SDK Microsoft.Build.NoTargets"),
        ("<PropertyGroup Condition=\"Exists('client')\" />", "depends on the folder client"),
        ('<PropertyGroup Condition="Exists($(X))" />', "depends on Exists($(X))"),
    ],
)
def test_projects_that_read_what_is_not_known(tmp_path: Path, inner: str, reason: str) -> None:
    files = {"App.csproj": csproj(inner), "client/client.esproj": "<Project/>"}
    assert reason in obstacle(answer(tmp_path, files, "dotnet publish -c Release"))


@pytest.mark.parametrize(
    "inner",
    [
        '<Target Name="Front" BeforeTargets="Build" Condition="Exists(\'client\')"><Exec Command="npm ci" /></Target>',
        "<PropertyGroup><V>$([System.DateTime]::UtcNow.ToString())</V></PropertyGroup>",
        "<PropertyGroup Condition=\"Exists('gone.txt')\" />",
        '<ItemGroup><Compile Include="../Shared/**/*.cs" /></ItemGroup>',
        '<Import Project="$(MSBuildExtensionsPath)/x.props" />',
        '<Import Project="gone.props" Condition="Exists(\'gone.props\')" />',
    ],
)
def test_what_a_restore_does_not_read(tmp_path: Path, inner: str) -> None:
    files = {"App.csproj": csproj(inner), "client/package.json": "{}"}
    assert known(answer(tmp_path, files, "dotnet publish -c Release")).reads == ("App.csproj",)


def test_the_props_above_the_nearest(tmp_path: Path) -> None:
    above = "$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))"
    files = {
        "Directory.Build.props": "<Project/>",
        "src/Directory.Build.props": f'<Project><Import Project="{above}" /></Project>',
        "src/App/App.csproj": csproj(),
    }
    found = known(answer(tmp_path, files, "dotnet restore src/App"))
    assert found.reads == ("Directory.Build.props", "src/App/App.csproj", "src/Directory.Build.props")


def test_a_configuration_that_the_packages_depend_on(tmp_path: Path) -> None:
    files = {"App.csproj": csproj("<ItemGroup Condition=\"'$(Configuration)' == 'Debug'\"/>")}
    assert (
        known(answer(tmp_path, files, "dotnet publish -c Release")).fetch == "dotnet restore -p:Configuration=Release"
    )
    assert "App.csproj:1 depends on $(Configuration)" in obstacle(answer(tmp_path, files, "dotnet publish"))
    assert "App.csproj:1 depends on $(Configuration)" in obstacle(answer(tmp_path, files, "dotnet publish -c $C"))
    assert known(answer(tmp_path, files, "dotnet build")).fetch == "dotnet restore"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("dotnet publish $PROJECT", "names its project"),
        ("dotnet publish a.csproj b.csproj", "names its project"),
        ("dotnet publish -r $RID", "by a variable"),
        ("dotnet publish --frobnicate", "--frobnicate"),
        ("dotnet build -t:Bundle", "-t:Bundle"),
        ("dotnet publish -p:RestorePackagesPath=x", "moves what is restored"),
        ("dotnet restore --configfile $CONFIG", "by a variable"),
        ("dotnet restore other/Other.csproj", "does not come from the context"),
        ("dotnet publish --artifacts-path x", "--artifacts-path"),
        ("T=$T dotnet publish", "variables that are not known"),
    ],
)
def test_commands_that_are_not_understood(tmp_path: Path, command: str, reason: str) -> None:
    assert reason in obstacle(answer(tmp_path, {"App.csproj": csproj()}, command))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE p [<!ENTITY a "aaaa">]><Project Sdk="Microsoft.NET.Sdk">&a;</Project>', "declares a DTD"),
        ("<Project", "is no XML"),
        ("<Project/>", "names no SDK"),
        ('<Project Sdk="Microsoft.NET.Sdk" InitialTargets="X" />', "has InitialTargets"),
        (LIB.format("<A>" * 100_000 + "</A>" * 100_000), None),
        (LIB.format('<Import Project="App.csproj" />' + reference("App.csproj")), None),
    ],
)
def test_hostile_projects(tmp_path: Path, text: str, reason: str | None) -> None:
    found = answer(tmp_path, {"App.csproj": text}, "dotnet restore")
    assert reason in obstacle(found) if reason else known(found).reads == ("App.csproj",)


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (r"src\Gone\Gone.csproj", "App.sln:4 lists src/Gone/Gone.csproj, which is not in the image"),
        ("docker-compose.dcproj", "includes docker-compose.dcproj"),
    ],
)
def test_solutions_that_are_not_known(tmp_path: Path, listed: str, reason: str) -> None:
    files = {"App.sln": solution(listed), "docker-compose.dcproj": '<Project Sdk="Microsoft.Docker.Sdk"/>'}
    assert reason in obstacle(answer(tmp_path, files, "dotnet restore App.sln")).replace("\\", "/")


def test_a_solution_of_blank_lines(tmp_path: Path) -> None:
    found = known(answer(tmp_path, {"App.sln": "\n" * 1_000_000 + "x"}, "dotnet restore App.sln"))
    assert found.reads == ("App.sln",)


def test_tools(tmp_path: Path) -> None:
    files = {".config/dotnet-tools.json": '{"tools": {}}', "global.json": "{}", "App.csproj": csproj()}
    found = known(answer(tmp_path, files, "dotnet tool restore"))
    assert (found.reads, found.leaves) == ((".config/dotnet-tools.json", "global.json"), ())
    assert known(answer(tmp_path, {}, "dotnet tool install -g dotnet-ef")).reads == ("global.json",)
    assert answer(tmp_path, {}, "dotnet tool install dotnet-ef") is None
    assert "is no JSON" in obstacle(answer(tmp_path, {".config/dotnet-tools.json": "{"}, "dotnet tool restore"))
