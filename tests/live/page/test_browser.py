"""The page in the real Chromium, whose camera is a generated film."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cascade.boxes import Box, iou
from cascade.synthetic.faces import ObjectPatch, compose_scene
from cnn.synthetic import draw_face
from live.page.answers import Models
from pair.find import PairParams

pytestmark = [
    pytest.mark.slow,
    pytest.mark.chromium,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed"),
]

PATIENCE = 60_000
SQUARE = (60, 80, 60, "Happy")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": "light"}
STORED = "[document.cookie, localStorage.length, sessionStorage.length]"

Film = Callable[[np.ndarray], Path]
Launch = Callable[..., Any]


class Guest:
    """A page, everything that it asked for, and everything that it was told."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self.context = browser.new_context(**{"color_scheme": "dark", "reduced_motion": "reduce", **context})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.asked: list[str] = []
        self.told: list[Any] = []
        self.wrong: list[str] = []
        self.page.on("filechooser", lambda _: None)  # from now on, Chromium opens no dialogue of its own
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", self._listen)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(address)
        self.page.locator("#camera:enabled").wait_for()

    def _listen(self, talk: Any) -> None:
        self.asked.append(talk.url)
        talk.on("framereceived", lambda frame: self.told.append(json.loads(frame)))

    def says(self, words: str, where: str = "summary") -> None:
        self.page.locator(f"#{where}", has_text=words).wait_for()

    def drawn(self) -> int:
        """How many pixels the marks have."""
        count = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
        return int(self.page.locator("#marks").evaluate(f"{count}.filter((value, at) => at % 4 == 3 && value).length"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Writes a picture as a film for the camera."""

    def write(image: np.ndarray) -> Path:
        path = tmp_path_factory.mktemp("film") / "camera.mjpeg"
        noise = np.random.default_rng(0)
        frames = [np.clip(image + noise.normal(0, 2, image.shape), 0, 255).astype(np.uint8) for _ in range(4)]
        path.write_bytes(b"".join(bytes(cv2.imencode(".jpg", one)[1]) for one in frames))
        return path

    return write


@pytest.fixture(scope="module")
def chromium() -> Iterator[Launch]:
    """Starts a Chromium with a camera, or with other arguments; all end with the module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        program = shutil.which("chromium")
        yield lambda *told: driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", *told]
        )


def with_camera(film: Path) -> tuple[str, ...]:
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return *fake, f"--use-file-for-fake-video-capture={film}"


@pytest.fixture(scope="module")
def address(models: Models, web: Any) -> Iterator[str]:
    with web.serve(models) as started:
        yield started


@pytest.fixture(scope="module")
def browser(chromium: Launch, draw: Any, film: Film) -> Any:
    return chromium(*with_camera(film(draw(SQUARE, (300, 200, 60, "Sad")))))


@pytest.fixture
def guest(browser: Any, address: str) -> Iterator[Guest]:
    visiting = Guest(browser, address)
    yield visiting
    assert visiting.wrong == []
    assert {part for url in visiting.asked for part in [url.split("//")[1].split("/")[0]]} == {address.split("//")[1]}
    assert visiting.page.evaluate(STORED) == ["", 0, 0]
    visiting.context.close()


def test_the_camera_by_keyboard_alone(guest: Guest) -> None:
    page = guest.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "camera"
    assert page.locator("#camera").evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    guest.says("2 faces: ")
    labels = page.locator("#faces .label").all_inner_texts()
    assert sorted(labels) == ["Happy", "Sad"]
    shown = {face["expression"]: face["box"] for face in guest.told[-1]["faces"]}
    assert iou([(60, 80, 60, 60), (300, 200, 60, 60)], [shown["Happy"], shown["Sad"]]).diagonal().min() > 0.5
    assert guest.drawn() > 1000
    assert page.locator("#marks").get_attribute("aria-label") == page.locator("#summary").inner_text()
    assert "mirrored" in (page.locator("#video").get_attribute("class") or "")
    page.keyboard.press("Enter")
    guest.says("Nothing is shown yet.")
    assert page.locator("#faces li").count() == 0
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_a_lost_camera_is_said(guest: Guest) -> None:
    guest.page.locator("#camera").click()
    guest.says("2 faces: ")
    guest.page.evaluate("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    guest.says("The camera was unplugged", "trouble")
    assert guest.page.locator("#camera").inner_text() == "Use camera"


def test_several_pictures_one_of_them_broken(guest: Guest, draw: Any, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), draw(SQUARE))
    cv2.imwrite(str(tmp_path / "b.webp"), np.tile(np.linspace(20, 200, 2000, dtype=np.uint8), (1200, 1)))
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "d.bmp"), draw((100, 80, 60, "Angry"), (300, 200, 60, "Neutral")))
    page = guest.page
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(sorted(tmp_path.iterdir()))
    guest.says("1 face: Happy.")
    guest.says("c.jpg cannot be read", "trouble")
    strip = page.locator("#strip button")
    page.locator("#strip button[aria-label='d.bmp, 3 of 3: 2 faces: Angry, Neutral.']").or_(
        page.locator("#strip button[aria-label='d.bmp, 3 of 3: 2 faces: Neutral, Angry.']")
    ).wait_for()
    assert strip.nth(1).get_attribute("aria-label") == "b.webp, 2 of 3: No face found."
    assert (guest.told[1]["width"], guest.told[1]["height"]) == (1600, 960)
    strip.first.focus()
    page.keyboard.press("ArrowRight")
    guest.says("No face found.")
    page.keyboard.press("ArrowRight")
    guest.says("2 faces: ")
    assert strip.nth(2).get_attribute("aria-pressed") == "true"
    assert len(guest.told) == 3, "a picture is asked about once"


def test_a_strip_of_a_picture_has_a_thumb_of_the_usual_size(guest: Guest, draw: Any, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((10, 20_000), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "b.png"), draw(SQUARE))
    guest.page.locator("#files").set_input_files(sorted(tmp_path.iterdir()))
    guest.says("too small (got 1600x1 pixels)")
    sides = guest.page.locator("#strip canvas").evaluate_all("all => all.map(one => [one.width, one.height])")
    assert sides == [[160, 160], [160, 160]]


def test_maps_may_be_wanted_while_pictures_are_read(guest: Guest) -> None:
    guest.page.evaluate(
        """() => {
          const box = new DataTransfer(), input = document.getElementById("files");
          box.items.add(new File(["no picture"], "a.jpg"));
          input.files = box.files;
          input.dispatchEvent(new Event("change"));
          document.getElementById("maps").click();
        }"""
    )
    guest.says("a.jpg cannot be read", "trouble")


def test_a_camera_that_hangs_is_said_and_goes_on(guest: Guest) -> None:
    guest.page.locator("#camera").click()
    guest.says("2 faces: ")
    guest.page.evaluate("document.getElementById('video').pause()")
    guest.says("The camera gives no pictures.", "trouble")
    guest.page.evaluate("document.getElementById('video').play()")
    guest.page.locator("#trouble").wait_for(state="hidden")
    guest.says("2 faces: ")


def test_on_a_phone_in_daylight(browser: Any, address: str) -> None:
    guest = Guest(browser, address, **PHONE)
    guest.page.locator("#camera").tap()
    guest.says("2 faces: ")
    assert guest.page.evaluate("document.documentElement.scrollWidth") == 390
    sizes = guest.page.locator("button:visible").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert min(sizes) >= 44
    colours = [guest.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")]
    guest.page.emulate_media(color_scheme="dark")
    colours.append(guest.page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert colours == ["rgb(247, 243, 237)", "rgb(15, 13, 11)"]
    guest.context.close()


def test_where_there_is_only_an_onnx_the_page_says_so(guest: Guest) -> None:
    assert guest.page.locator("#maps").is_hidden()
    assert guest.page.locator("#no-maps").is_visible()


def test_the_server_goes_and_comes_back(browser: Any, models: Models, web: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with web.serve(models, port) as address:
        guest = Guest(browser, address)
        guest.page.locator("#camera").click()
        guest.says("2 faces: ")
    guest.says("The server does not answer.", "trouble")
    answers = len(guest.told)
    with web.serve(models, port, visitors=1):
        guest.page.locator("#trouble").wait_for(state="hidden")
        assert len(guest.told) > answers
        other = Guest(browser, address)
        other.page.locator("#camera").click()
        other.says("as many visitors as it takes", "trouble")
        guest.context.close()
        other.says("2 faces: ")
        other.context.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "No camera was found."),
        (("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"), "The camera was not allowed."),
    ],
    ids=["none", "denied"],
)
def test_no_camera(chromium: Launch, address: str, arguments: tuple[str, ...], words: str) -> None:
    browser = chromium(*arguments)
    guest = Guest(browser, address)
    guest.page.locator("#camera").click()
    guest.says(words, "trouble")
    guest.says("Nothing is shown yet.")
    browser.close()


def test_drawn_faces_and_where_the_network_looks(
    chromium: Launch, drawn_face_cascade: Path, network: Path, keras_network: Path, film: Film, web: Any
) -> None:
    models = Models(drawn_face_cascade, network, PairParams(min_neighbors=5), keras_network=keras_network)
    scene, box = next(one for one in map(portrait, range(20)) if found(models, *one))
    with web.serve(models) as address:
        guest = Guest(chromium(*with_camera(film(scene))), address)
        guest.page.locator("#camera").click()
        guest.page.locator("#faces li").first.wait_for()
        shown = [face["box"] for face in guest.told[-1]["faces"]]
        assert iou([box], shown).max() > 0.35
        guest.page.locator("#maps").click()
        deadline = time.monotonic() + PATIENCE / 1000
        while not any(face.get("map") for face in guest.told[-1]["faces"]):
            assert time.monotonic() < deadline
            guest.page.wait_for_timeout(100)
        assert guest.page.locator("#maps").get_attribute("aria-pressed") == "true"
        assert guest.wrong == []
        guest.context.close()


def portrait(seed: int) -> tuple[np.ndarray, Box]:
    rng = np.random.default_rng(seed)
    drawn = draw_face(rng, "Surprise", 300, intensity=1.0)
    scene, (box,) = compose_scene(rng, [ObjectPatch(drawn.image, drawn.alpha, drawn.box)], (480, 640), min_box=110)
    return scene, box


def found(models: Models, scene: np.ndarray, box: Box) -> bool:
    """Whether so weak a cascade finds this face, and little else."""
    shown = [face.box for face in models.new_engine().step(scene, None)]
    return len(shown) in (1, 2) and bool(iou([box], shown).max() > 0.5)
