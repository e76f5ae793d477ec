"""`chart:lint` and `chart:render:ENV`: the real Helm on the chart as it was merged."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tasks.chart import looks, packing
from tasks.kernel import paths
from tasks.kernel.effects import Skipped
from tasks.kernel.errors import Failed, SlipwayError
from tests.chart.line import TEMPLATE, VALUES, Line

PLACES = ("staging", "production", "testflight")


pytestmark = pytest.mark.usefixtures("helm")


def _manifests(line: Line, name: str) -> list[dict[str, Any]]:
    text = line.inside.read(paths.manifests(name)) or b""
    return [document for document in yaml.safe_load_all(text) if document]


def _images(line: Line, name: str) -> list[str]:
    return [
        container["image"]
        for manifest in _manifests(line, name)
        for container in manifest["spec"]["template"]["spec"]["containers"]
    ]


def test_helm_has_nothing_against_the_chart(ready: Line) -> None:
    says = looks.lint(ready.inside)
    assert says.endswith("with the values of staging, production, testflight")
    chart, told = ready.told(paths.CHART), ready.told(paths.LINT)
    assert (told["commit"], told["tree"]) == (chart["commit"], chart["tree"])
    assert told["helm"].startswith("v")
    assert not ready.inside.work("chart:lint").exists()


def test_each_environment_is_rendered_with_its_values_and_the_release(ready: Line) -> None:
    for name in PLACES:
        assert looks.render(name, ready.inside) == "2 manifests, all by digest, limits set"
    digests = {name: image["digest"] for name, image in ready.told(paths.CHART)["images"].items()}
    expected = [f"server@{digests['server']}", f"web@{digests['web']}"]
    assert [_images(ready, name) for name in PLACES] == [expected] * 3
    namespaces = [_manifests(ready, name)[0]["metadata"]["namespace"] for name in PLACES]
    assert namespaces == ["shop-staging", "shop-production", "shop-testflight"]
    replicas = [_manifests(ready, name)[0]["spec"]["replicas"] for name in PLACES]
    assert replicas == [2, 2, 1]
    assert _manifests(ready, "staging")[0]["metadata"]["name"] == "shop-server"


def test_the_same_again_renders_the_same_bytes(ready: Line) -> None:
    looks.render("staging", ready.inside)
    file = ready.inside.path(paths.manifests("staging"))
    before = file.read_bytes(), file.stat().st_mtime_ns
    looks.render("staging", ready.inside)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_settings_of_a_person_decide_nothing(ready: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    looks.render("staging", ready.inside)
    before = ready.inside.read(paths.manifests("staging"))
    monkeypatch.setenv("HELM_DEBUG", "true")
    monkeypatch.setenv("HELM_NAMESPACE", "mine")
    monkeypatch.setenv("HELM_PLUGINS", "/nowhere")
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    looks.render("staging", ready.inside)
    assert ready.inside.read(paths.manifests("staging")) == before


def _merge_by_hand(line: Line, files: dict[str, str | None]) -> None:
    line.charts.push("by hand", {f"charts/shop/{name}": text for name, text in files.items()})
    line.observe()
    line.merge()


Look = Callable[..., str]


def _failed(look: Look, *args: Any) -> Failed:
    with pytest.raises(Failed) as error:
        look(*args)
    return error.value


def test_a_chart_that_helm_refuses_is_told_in_its_words(ready: Line) -> None:
    _merge_by_hand(ready, {"templates/broken.yaml": "{{ .Values.gone.deep }}\n"})
    error = _failed(looks.lint, ready.inside)
    assert error.what == (
        "helm lint --strict refuses the chart with the values of staging, production, testflight"
    )
    assert error.where == f"charts@{ready.charts.head[:7]}:charts/shop"
    assert any("nil pointer" in line and line.startswith("staging: ") for line in error.detail)
    assert not any(str(ready.folder) in line for line in error.detail)
    assert not ready.inside.exists(paths.LINT)
    error = _failed(looks.render, "staging", ready.inside)
    assert any("templates/broken.yaml" in line for line in error.detail)
    assert not ready.inside.exists(paths.manifests("staging"))


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('digest: "sha256:', 'digest: "v1:', "server.image.digest: 'v1:"),
        ('    digest: "', '    digestion: "', "server.image.digest does not exist"),
        ("commit_ref=", "commit_ref=f00ba12;was=", "of more than one build"),
    ],
)
def test_images_that_are_not_of_one_build_are_refused_with_their_path(
    ready: Line, before: str, after: str, says: str
) -> None:
    text = ready.values_at(ready.charts.head)
    world = ready.inside
    told = ready.told(paths.CHART)
    commit = ready.charts.push("oops", {"charts/shop/values.yaml": text.replace(before, after, 1)})
    ready.observe()
    world.write_json(paths.CHART, told | {"commit": commit})
    error = _failed(looks.lint, world)
    assert error.what == "the images of shop are not those of one release"
    assert says in "\n".join(error.detail)
    assert f"charts@{commit[:7]}:charts/shop/values.yaml" in "\n".join(error.detail)
    assert not world.exists(paths.LINT)


def test_only_the_environment_whose_values_do_not_fit_is_named(ready: Line) -> None:
    schema = (
        '{"type": "object", "properties": {"server": {"type": "object",'
        ' "properties": {"replicas": {"type": "integer"}}}}}'
    )
    _merge_by_hand(ready, {"values.schema.json": schema})
    ready.deployments.push("oops", {"production/values.yml": "server: {replicas: two}\n"})
    ready.look_at_deployments()
    ready.render()
    error = _failed(looks.lint, ready.inside)
    assert error.what.endswith("with the values of production")
    assert any("got string, want integer" in line for line in error.detail)


def test_an_image_by_a_tag_is_refused_with_its_place(ready: Line) -> None:
    loose = TEMPLATE.replace("@{{ $part.image.digest }}", ":latest")
    _merge_by_hand(ready, {"templates/all.yaml": loose})
    assert looks.lint(ready.inside)
    error = _failed(looks.render, "production", ready.inside)
    assert error.what == "the manifests of production break the policy in 2 places"
    assert error.detail == (
        "Deployment/shop-server: spec.template.spec.containers[0].image: server:latest says latest",
        "Deployment/shop-web: spec.template.spec.containers[0].image: web:latest says latest",
    )
    assert not ready.inside.exists(paths.manifests("production"))


def test_hooks_are_looked_at_too(ready: Line) -> None:
    hook = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: migrate\n"
        "  annotations: {helm.sh/hook: pre-upgrade}\n"
        "spec: {containers: [{name: a, image: tool:1, resources: {limits: {cpu: 1, memory: 1}}}]}\n"
    )
    _merge_by_hand(ready, {"templates/hook.yaml": hook})
    error = _failed(looks.render, "staging", ready.inside)
    [line] = error.detail
    assert line == "Pod/migrate: spec.containers[0].image: tool:1 is not pinned by a digest"
    assert error.what == "the manifests of staging break the policy in 1 place"


def test_a_container_without_limits_is_refused_with_its_place(ready: Line) -> None:
    loose = TEMPLATE.replace('resources: {limits: {cpu: "1", memory: 1Gi}}', "")
    _merge_by_hand(ready, {"templates/all.yaml": loose})
    error = _failed(looks.render, "staging", ready.inside)
    place = "spec.template.spec.containers[0].resources.limits: no limit of cpu or memory"
    assert error.detail == (f"Deployment/shop-server: {place}", f"Deployment/shop-web: {place}")
    assert not ready.inside.exists(paths.manifests("staging"))


@pytest.mark.parametrize("text", ["just words\n", "- a\n- b\n"])
def test_what_is_no_manifest_is_refused(ready: Line, text: str) -> None:
    _merge_by_hand(ready, {"templates/words.yaml": text})
    with pytest.raises(Failed):
        looks.render("staging", ready.inside)


def test_a_chart_that_is_not_in_the_commit_is_named(ready: Line) -> None:
    told = ready.told(paths.CHART)
    ready.inside.write_json(paths.CHART, told | {"commit": ready.charts.push("x", _gone(ready))})
    with pytest.raises(SlipwayError, match="charts/shop does not exist"):
        looks.lint(ready.inside)


def _gone(line: Line) -> dict[str, str | None]:
    from tasks.kernel import git as g

    names = g.lines("ls-tree", "-r", "--name-only", "main", "charts", repo=line.charts.folder)
    g.git("fetch", "--quiet", str(line.charts.folder), "main", repo=line.inside.mirror("charts"))
    return dict.fromkeys(names)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../../pipeline.yml"])
def test_a_link_out_of_the_chart_is_not_followed(ready: Line, target: str) -> None:
    ready.charts.link("charts/shop/files/more", target)
    ready.observe()
    ready.merge()
    for error in (_failed(looks.lint, ready.inside), _failed(looks.render, "qa", ready.inside)):
        assert error.what == "files/more is a link out of the chart"
        assert error.detail == (f"to {target}",)


def test_a_link_inside_of_the_chart_is_fine(ready: Line) -> None:
    ready.charts.link("charts/shop/files/more", "../values.yaml")
    ready.observe()
    ready.merge()
    assert looks.render("staging", ready.inside)


def test_without_a_chart_both_are_skipped_and_say_why(line: Line) -> None:
    line.inside.write_json(paths.CHART, {"commit": None, "why": "no promotion was merged yet"})
    for says in (looks.lint(line.inside), looks.render("staging", line.inside)):
        assert isinstance(says, Skipped)
        assert says == "no promotion was merged yet"
    assert line.told(paths.LINT) == {"skipped": "no promotion was merged yet"}
    assert line.told(paths.manifests("staging")) == {"skipped": "no promotion was merged yet"}


def test_the_values_that_go_in_are_those_that_were_rendered(ready: Line) -> None:
    more = VALUES.replace("replicas: 1", "replicas: 9")
    assert more != VALUES
    ready.inside.write(paths.rendered_values("staging"), b"server: {replicas: 4}\n")
    looks.render("staging", ready.inside)
    assert _manifests(ready, "staging")[0]["spec"]["replicas"] == 4


def test_subcharts_that_were_not_committed_are_named_with_what_to_type(ready: Line) -> None:
    about = ready.charts.file("main", "charts/shop/Chart.yaml")
    needs = (
        "dependencies:\n  - {name: postgresql, version: 1.2.3, repository: https://c.example.org}\n"
        "  - {name: redis, version: 1.2.3, repository: https://c.example.org}\n"
    )
    _merge_by_hand(ready, {"Chart.yaml": about + needs})
    for error in (
        _failed(looks.lint, ready.inside),
        _failed(looks.render, "staging", ready.inside),
        _failed(packing.package, ready.inside),
    ):
        assert error.fix.startswith("in the charts repository: helm dependency build CHART")
        assert "CHART/charts/*.tgz" in error.fix
        assert re.search(r"it lacks postgresql, ?redis", error.fix)
        assert not any(str(ready.folder) in line for line in error.detail)
