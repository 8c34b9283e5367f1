"""A wrong emergency number must not reach a patient: only checked ones are ever shown."""

from __future__ import annotations

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.faults import DataError
from core.telephones import Telephones, telephones_path
from tests.fixed_texts import telephones_yml

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
DATA_SETS = (DATA, ROOT / "tests" / "other_drug" / "data")


def telephones(content: str) -> Telephones:
    return Telephones.from_yaml(content.encode())


def real() -> Telephones:
    return Telephones.from_yaml(telephones_path(DATA / "knowledge").read_bytes())


def entry(**fields: str | None) -> str:
    """The content of a file with one entry, some fields changed or, with None, left out."""
    document = yaml.safe_load(telephones_yml())
    one = {**document["telephones"]["fire_119"], **fields}
    kept = {name: value for name, value in one.items() if value is not None}
    return yaml.safe_dump({"telephones": {"fire_119": kept}}, allow_unicode=True)


def test_an_entry_is_read_whole() -> None:
    one = telephones(entry(note="全国共通")).get("fire_119")
    assert (one.key, one.kind, one.value, one.name) == ("fire_119", "telephone", "119", "救急")
    assert (one.hours, one.confidence, one.source) == ("24時間", "certain", "発行元")
    assert (one.checked, one.note) == (dt.date(2026, 11, 23), "全国共通")


@pytest.mark.parametrize(
    ("confidence", "shown"), [("certain", True), ("high", True), ("medium", False)]
)
def test_only_what_is_sure_is_shown(confidence: str, shown: bool) -> None:
    numbers = telephones(entry(confidence=confidence))
    assert numbers.values == ({"fire_119": "119"} if shown else {})
    assert numbers.withheld == (frozenset() if shown else {"fire_119"})
    assert "fire_119" in numbers.entries


@pytest.mark.parametrize("key", ["unsure", "nonsense"])
def test_asking_for_a_withheld_or_unknown_number_is_an_error(key: str) -> None:
    with pytest.raises(KeyError):
        telephones(telephones_yml()).get(key)


def test_an_address_is_shown_too() -> None:
    numbers = telephones(entry(kind="url", number=None, url="https://example.jp/a"))
    assert numbers.values == {"fire_119": "https://example.jp/a"}
    assert numbers.get("fire_119").kind == "url"


@pytest.mark.parametrize("number", ["119", "#7119", "0120-0-78310", "0312345678"])
def test_numbers_are_taken_as_people_write_them(number: str) -> None:
    assert telephones(entry(number=number)).values == {"fire_119": number}


@pytest.mark.parametrize(
    ("content", "column", "code"),
    [
        ("a: [", "telephones", "unreadable"),
        ("", "telephones", "unreadable"),
        ("telephones: 1", "telephones", "not_a_mapping"),
        ("telephones: {fire_119: 119}", "fire_119", "not_a_mapping"),
        (entry().replace("fire_119", "Fire-119"), "Fire-119", "bad_term_id"),
        *[
            (entry(**{name: missing}), f"fire_119.{name}", "missing_key")
            for name in ("number", "name", "hours", "confidence", "source", "checked")
            for missing in (None, "", "\u3000")
        ],
        (entry(kind="url"), "fire_119.url", "missing_key"),
        (entry(kind="url", url="http://example.jp"), "fire_119.url", "not_an_address"),
        (entry(kind="fax"), "fire_119.kind", "not_one_of"),
        (entry(confidence="low"), "fire_119.confidence", "not_one_of"),
        (entry(checked="2026-02-30"), "fire_119.checked", "not_a_date"),
        (entry(checked="2026年11月"), "fire_119.checked", "not_a_date"),
        (entry(number="１１９"), "fire_119.number", "not_a_telephone"),
        (entry(number="119番"), "fire_119.number", "not_a_telephone"),
        (entry(number="03 1234 5678"), "fire_119.number", "not_a_telephone"),
        (entry(number="+81-3-1234-5678"), "fire_119.number", "not_a_telephone"),
        (entry(number="0120-#"), "fire_119.number", "not_a_telephone"),
        (entry(number="-"), "fire_119.number", "not_a_telephone"),
        (entry() + "    more: [1]\n", "fire_119.more", "not_a_text"),
        (telephones_yml(number="00-0000-0009"), "unsure.number", "same_number"),
        (telephones_yml(number="0000000009"), "unsure.number", "same_number"),
    ],
)
def test_a_fault_names_key_and_field(content: str, column: str, code: str) -> None:
    with pytest.raises(DataError) as caught:
        telephones(content)
    (fault,) = caught.value.faults
    assert (fault.file, fault.column, fault.code) == ("telephones.yml", column, code)
    assert str(fault).endswith("。")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(DataError) as caught:
        telephones(entry(confidence="low", checked="昨日", number=None))
    assert len(caught.value.faults) == 3


# --- The real file ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("fire_119", "119"),
        ("police_110", "110"),
        ("kyukyu_7119", "#7119"),
        ("kodomo_8000", "#8000"),
        ("poison_osaka", "072-727-2499"),
        ("poison_tsukuba", "029-852-9999"),
        ("yorisoi", "0120-279-338"),
        ("yorisoi_tohoku", "0120-279-226"),
        ("kokoro_dial", "0570-064-556"),
        ("inochi_no_denwa", "0120-783-556"),
        ("kodomo_sos", "0120-0-78310"),
        ("childline", "0120-99-7777"),
        ("ncchd", "https://www.ncchd.go.jp/kusuri/"),
        ("mamorouyokokoro", "https://www.mhlw.go.jp/mamorouyokokoro/"),
    ],
)
def test_the_real_numbers_are_those_of_the_triage_table(key: str, number: str) -> None:
    assert real().values[key] == number


def test_a_number_nobody_could_confirm_stands_in_the_file_and_is_never_shown() -> None:
    assert real().withheld == {"inochi_sos"}
    assert "inochi_sos" not in real().values


# --- Every text -------------------------------------------------------------------------------

#: 119番, #7119, 0120-279-338, 03(1234)5678, 0312345678.
TELEPHONE = re.compile(
    r"(?<![0-9])[0-9]{3,4}(?=番(?!目|地))"
    r"|#[0-9]{4}"
    r"|(?<![0-9-])0[0-9]{1,4}[- (]{1,2}[0-9]{1,4}[- )]{1,2}[0-9]{3,5}(?![0-9-])"
    r"|(?<![0-9-])0[0-9]{9,10}(?![0-9-])"
)
DASHES = re.compile("[‐‑‒–—―−ー－]")


def numbers_in(text: str) -> list[str]:
    """Telephone-like strings, as digits and #."""
    plain = DASHES.sub("-", unicodedata.normalize("NFKC", text))
    return [re.sub("[^0-9#]", "", found) for found in TELEPHONE.findall(plain)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("今すぐ119番へ", ["119"]),
        ("１１９番か１１０番", ["119", "110"]),
        ("#7119 か ＃8000", ["#7119", "#8000"]),
        ("よりそい0120-279-338（24時間）", ["0120279338"]),
        ("0570ー064ー556", ["0570064556"]),
        ("03(1234)5678、03 1234 5678、09012345678", ["0312345678", "0312345678", "09012345678"]),
        ("0120-0-78310", ["0120078310"]),
        ("2026-11-23、100mg、3番目、10-20-30、102番目", []),
    ],
)
def test_the_search_itself(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == numbers


def yaml_texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from yaml_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from yaml_texts(item)
    else:
        yield str(value)


def read(path: Path) -> Any:
    # As written, so that 0312345678 is not read as a number.
    return yaml.load(path.read_bytes(), Loader=yaml.BaseLoader)


def texts(data: Path) -> Iterator[tuple[str, str]]:
    """Place and text of whatever may reach a patient."""
    with (data / "knowledge" / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            for column in ("question", "title", "short", "detail"):
                yield f"{row['answer_id']} {column}", row[column]
    for key, text in read(data / "knowledge" / "messages.yml")["messages"].items():
        yield f"messages.yml {key}", text
    for path in sorted((data / "triage").rglob("*.yml")):
        document = read(path)
        if path.name == "telephones.yml":
            # The numbers themselves, the withheld one among them, are what is compared with.
            for fields in document["telephones"].values():
                fields.pop("number", None)
        for text in yaml_texts(document):
            yield path.name, text


@pytest.mark.parametrize("data", DATA_SETS, ids=["first", "other"])
def test_every_number_in_every_text_is_one_that_may_be_shown(data: Path) -> None:
    shown = Telephones.from_yaml(telephones_path(data / "knowledge").read_bytes()).values.values()
    clinic = read(data / "knowledge" / "clinic.yml")["clinic"]["phone"]
    allowed = {digits(number) for number in (*shown, clinic)}
    found = [(place, n) for place, text in texts(data) for n in numbers_in(text)]
    assert [(place, n) for place, n in found if n not in allowed] == []


def test_the_search_reaches_the_answers() -> None:
    found = {n for _, text in texts(DATA) for n in numbers_in(text)}
    assert {"119", "110", "#7119", "#8000", "0120279338", "0727272499"} <= found


@pytest.mark.parametrize("data", DATA_SETS, ids=["first", "other"])
def test_fixed_texts_name_numbers_by_placeholder_only(data: Path) -> None:
    for key, text in read(data / "knowledge" / "messages.yml")["messages"].items():
        # 中毒110番 is what the poison centre is called, not a number to dial.
        assert numbers_in(text.replace("中毒110番", "")) == [], key


def digits(number: str) -> str:
    return re.sub("[^0-9#]", "", number)
