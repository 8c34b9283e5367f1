"""What staff are told of a draft while they write it. No server, no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from core.faults import DataError
from core.knowledge import ANSWER_COLUMNS, Files, clinic_values
from core.quantities import registered_quantities
from core.terms import load_terms
from core.wording import Claim, Term, read_wording
from desk.editorial.checks import check, figures
from desk.editorial.contradictions import contradictions
from desk.editorial.finding import Finding
from desk.editorial.phrases import claims, unexplained
from desk.editorial.readability import (
    MAX_COMMAS,
    MAX_KANJI,
    MAX_SENTENCE,
    figures_of,
    readability,
    sentences_of,
)
from desk.editorial.rows import rows_of, with_rows

DATA = Path(__file__).parents[2] / "data"
TODAY = dt.date(2026, 11, 29)

Cells = dict[str, str]


@pytest.fixture(scope="module")
def files() -> Files:
    return Files.read(DATA / "knowledge")


@pytest.fixture(scope="module")
def subjects() -> frozenset[str]:
    return frozenset(term.term_id for term in load_terms(DATA / "lexicon" / "terms.csv"))


@pytest.fixture(scope="module")
def shipped(files: Files) -> dict[str, Cells]:
    return {row["answer_id"]: row for row in rows_of(files)}


@pytest.fixture(scope="module")
def told(files: Files, subjects: frozenset[str]) -> Callable[[Cells], list[Finding]]:
    return lambda cells: check(cells, files, subjects, TODAY)


def draft(**cells: str) -> Cells:
    """A new answer that breaks no rule."""
    return {
        "answer_id": "SE-NEW-01",
        "topic": "side_effects",
        "subject": "lip_dryness",
        "phase": "after",
        "audience": "partner",
        "question": "飲み終えた家族の唇が乾いています",
        "title": "家族の唇の乾き",
        "short": "保湿をしてください。続くときは診察でお見せください。",
        "detail": "つらいときは、次の診察を待たずに当院（{phone}）へお電話ください。",
        "triage": "info",
        "handoff": "offer",
        "scope": "general",
        "sources": "P02",
        "follow_ups": "SE-LIP-01",
        "status": "published",
        "review_due": "2027-05-31",
    } | cells


def errors(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(f.column, f.text) for f in findings if f.severity == "error"]


# Rows


def test_rows_of_the_shipped_table_make_the_same_file(files: Files) -> None:
    assert with_rows(files, rows_of(files)) == files


def test_line_breaks_commas_and_quotes_in_cells_come_back(files: Files) -> None:
    for text in (
        '「,」と"引用"',
        "一行目\n二行目",
        "一行目\r二行目",
        "一行目\r\n二行目",
        "😀\u3099ｶﾞ\t",
    ):
        row = dict.fromkeys(ANSWER_COLUMNS, "") | {"short": f"前{text}後"}
        newlines = row["short"].replace("\r\n", "\n").replace("\r", "\n")
        assert rows_of(with_rows(files, [row]))[0]["short"] == newlines


# Invariants of the table


def test_a_good_draft_is_told_nothing(told: Callable[[Cells], list[Finding]]) -> None:
    assert told(draft()) == []


@pytest.mark.parametrize(
    ("cells", "column", "part"),
    [
        ({"short": ""}, "short", "空欄"),
        ({"short": "あ" * 151}, "short", "151 文字"),
        ({"short": "20mgを飲みます。"}, "short", "用量"),
        ({"short": "9割の方に効きます。"}, "short", "割合"),
        ({"detail": "必ず治ります。"}, "detail", "治ることの約束"),
        ({"detail": "{phon}へお電話ください。"}, "detail", "clinic.yml にありません"),
        ({"topic": "weather"}, "topic", "topics.yml にありません"),
        ({"subject": "weather"}, "subject", "terms.csv"),
        ({"sources": "P999"}, "sources", "P999"),
        ({"sources": ""}, "sources", "空欄"),
        ({"follow_ups": "SE-XXX-01"}, "follow_ups", "SE-XXX-01"),
        ({"follow_ups": "SE-NEW-01"}, "follow_ups", "自分自身"),
        ({"triage": "same_day", "handoff": "always"}, "short", "至急の回答なのに"),
        ({"triage": "same_day", "short": "今日中にお電話ください。"}, "handoff", "always"),
        ({"answer_id": "new one"}, "answer_id", "英大文字"),
        ({"answer_id": ""}, "answer_id", "空欄"),
        ({"review_due": ""}, "review_due", "見直しの期限を入れて"),
        ({"review_due": "2026年"}, "review_due", "日付ではありません"),
        ({"review_due": "2027-1-5"}, "review_due", "日付ではありません"),
        ({"review_due": "２０２７-01-05"}, "review_due", "日付ではありません"),
        ({"review_due": "2026-11-29"}, "review_due", "2026-11-29"),
        ({"short": "5か月です。"}, "short", "numbers.yml（使ってよい数字の一覧）に登録"),
        ({"phase": "any", "audience": "any"}, "subject", "SE-LIP-01"),
    ],
)
def test_faults_are_told_at_their_column(
    told: Callable[[Cells], list[Finding]], cells: Cells, column: str, part: str
) -> None:
    found = errors(told(draft(**cells)))
    assert any(c == column and part in text for c, text in found), found


def test_columns_of_the_review_are_no_fault(told: Callable[[Cells], list[Finding]]) -> None:
    workflow = {"author": "", "reviewer": "", "reviewed_on": "", "version": "", "approved_by": ""}
    assert told(draft(**workflow)) == []


def test_what_stands_in_another_answer_is_named_by_its_id(
    told: Callable[[Cells], list[Finding]], shipped: dict[str, Cells]
) -> None:
    last = list(shipped.values())[-1]
    first = next(iter(shipped.values()))
    for other in (first, last):
        text = f"「{other['title']}」は回答 {other['answer_id']} と同じです。"
        assert ("title", text) in errors(told(draft(title=other["title"])))
    # Also in a row that stands above the other.
    changed = errors(told(first | {"title": last["title"]}))
    assert changed == [("title", f"「{last['title']}」は回答 {last['answer_id']} と同じです。")]


def test_the_last_general_answer_of_a_topic_is_missed(
    told: Callable[[Cells], list[Finding]], shipped: dict[str, Cells]
) -> None:
    found = errors(told(shipped["BC-GEN-01"] | {"subject": "lip_dryness"}))
    assert [c for c, text in found if "booking_contact" in text] == ["topic"]


def test_a_required_statement_that_goes_is_missed(
    files: Files, subjects: frozenset[str], shipped: dict[str, Cells]
) -> None:
    words = "{supply_route}"
    holders = [
        row
        for row in shipped.values()
        if row["topic"] == "regulatory_unapproved" and words in row["short"] + row["detail"]
    ]
    # All but the first lose it; then the first one's draft is the last to hold it.
    lost = [
        {c: t.replace(words, "輸入") for c, t in row.items()} if row in holders[1:] else row
        for row in shipped.values()
    ]
    table = with_rows(files, lost)
    cells = {column: text.replace(words, "輸入") for column, text in holders[0].items()}
    found = errors(check(cells, table, subjects, TODAY))
    assert any("入手経路" in text for _, text in found)


def test_what_retiring_breaks_elsewhere_is_told(
    told: Callable[[Cells], list[Finding]], shipped: dict[str, Cells]
) -> None:
    found = errors(told(shipped["SE-GEN-01"] | {"status": "retired", "short": "激安"}))
    assert any("general" in text for column, text in found if column == "topic")
    assert any("回答 ON-GEN-01" in text or "回答 ME-GEN-01" in text for _, text in found)
    assert not any("激安" in text for _, text in found)


def test_a_source_that_nobody_cites_any_more_is_named(
    told: Callable[[Cells], list[Finding]], shipped: dict[str, Cells]
) -> None:
    cited = [source for row in shipped.values() for source in row["sources"].split(";")]
    once = next(s for s in dict.fromkeys(cited) if cited.count(s) == 1 and s.startswith("P"))
    holder = next(row for row in shipped.values() if once in row["sources"].split(";"))
    other = next(s for s in cited if s.startswith("P") and s not in holder["sources"])
    found = errors(told(holder | {"sources": other}))
    assert [column for column, _ in found] == ["sources"]
    assert f"出典 {once} を使う回答がひとつもなくなります。" in found[0][1]


def test_faults_that_the_table_had_before_are_not_told_of_the_draft(
    files: Files, subjects: frozenset[str], shipped: dict[str, Cells]
) -> None:
    rows = [
        row | {"short": ""} if row["answer_id"] == "SE-LIP-01" else row for row in rows_of(files)
    ]
    assert check(draft(), with_rows(files, rows), subjects, TODAY) == []


def test_a_table_that_cannot_be_checked_is_never_called_good(
    files: Files, subjects: frozenset[str]
) -> None:
    for name in ("wording.yml", "numbers.yml", "clinic.yml", "topics.yml"):
        broken = Files({**files.contents, name: b"nothing: here"})
        found = check(draft(), broken, subjects, TODAY)
        assert [f for f in found if f.severity == "error" and name in f.text]
    with pytest.raises(DataError):
        check(draft(), Files({**files.contents, "answers.csv": b"?"}), subjects, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "😀" * 10,
        "\x00\x07",
        "あ" * 100_000,
        "{",
        "{{}}",
        "ﾎｼﾂ",
        "\ufffd",
        '"',
        ",,,",
        "か\u3099",
    ],
)
def test_any_text_can_be_checked(told: Callable[[Cells], list[Finding]], text: str) -> None:
    cells = dict.fromkeys(ANSWER_COLUMNS, text)
    assert errors(told(cells))
    assert all(f.column in ("", "short", "detail") for f in told(draft(short=text, detail=text)))


def test_nothing_at_all_can_be_checked(told: Callable[[Cells], list[Finding]]) -> None:
    columns = {column for column, _ in errors(told({}))}
    assert {"answer_id", "short", "detail", "topic", "review_due"} <= columns


def test_shipped_answers_have_no_error_and_few_warnings(
    files: Files, shipped: dict[str, Cells]
) -> None:
    wording = read_wording(files.contents["wording.yml"])
    clinic = clinic_values(files.contents["clinic.yml"])
    registered = registered_quantities(files.contents["numbers.yml"])
    warned: dict[str, int] = {}
    for row in shipped.values():
        others = [other for other in shipped.values() if other is not row]
        rules = {
            "claims": list(claims(row, wording.advertising)),
            "readability": list(readability(row)),
            "unexplained": list(unexplained(row, wording.glossary)),
            "contradictions": list(contradictions(row, others, clinic, registered)),
        }
        for name, findings in rules.items():
            assert not errors(findings)
            warned[name] = warned.get(name, 0) + bool(findings)
    assert all(count <= len(shipped) * 0.08 for count in warned.values()), warned


# Figures


def test_figures_count_what_patients_see(files: Files) -> None:
    cells = draft(short="電話は{phone}です。", detail="薬、水、油、塩。かな。")
    found = figures(cells, files)
    phone = clinic_values(files.contents["clinic.yml"])["phone"]
    assert found.short_length == len(f"電話は{phone}です。")
    assert found.lengths["short"] == (found.short_length, 150)
    assert found.detail_length == 11
    assert (found.most_commas, found.longest_sentence) == (3, 8)
    # 電話薬水油塩 of 電話はです薬水油塩かな
    assert found.kanji_percent == round(100 * 6 / 11)


def test_figures_of_nothing() -> None:
    found = figures_of({}, {})
    assert (found.short_length, found.kanji_ratio, found.longest_sentence, found.most_commas) == (
        0, 0.0, 0, 0,
    )  # fmt: skip


def test_sentences_keep_their_stops() -> None:
    assert sentences_of("はい。痛い！\n本当？ ｶﾕｲ｡終わり") == [
        "はい。",
        "痛い！",
        "本当？",
        "ｶﾕｲ｡",
        "終わり",
    ]


# Readability


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("血液検査結果異常値確認後治療継続可否判断実施予定。" * 3, "", "漢字"),
        ("あ" * MAX_SENTENCE + "。", "detail", f"{MAX_SENTENCE + 1}文字"),
        ("あ、" * (MAX_COMMAS + 1) + "です。", "detail", f"{MAX_COMMAS + 1}個"),
        ("ｲﾀﾐが続くときはお電話ください。", "detail", "ｲﾀﾐ"),
        ("これは副作用である。", "detail", "です・ます"),
        ("医師に相談する。", "detail", "です・ます"),
        ("効果が確認された例は少ない", "detail", "です・ます"),
        ("以前から知られていた薬だ。", "detail", "です・ます"),
    ],
)
def test_what_is_hard_to_read_is_warned_of(text: str, column: str, part: str) -> None:
    found = list(readability({"detail": text}))
    assert [f.column for f in found if part in f.text] == [column], found
    assert {f.severity for f in found} == {"warning"}


@pytest.mark.parametrize(
    "text",
    [
        "血液検査",  # still being typed
        "あ" * (MAX_SENTENCE - 1) + "。",
        "あ、" * MAX_COMMAS + "です。",
        "イタミが続くときはお電話ください。",
        "副作用であるかどうかは、医師が確かめます。",
        "医師が判断するまで、待ってください。",
        "以前から指摘されてきました。米国で承認された製品でした。",
        "飲まないでください。今日中に当院へ。119番へ。",
        "今日中に当院（{phone}{phone}{phone}{phone}{phone}{phone}{phone}{phone}{phone}{phone}）へお電話を。",
        "",
    ],
)
def test_what_reads_well_is_not_warned_of(text: str) -> None:
    assert list(readability({"short": text})) == []


def test_the_ratio_of_kanji_has_its_limit() -> None:
    over, under = int(MAX_KANJI * 100) + 1, int(MAX_KANJI * 100)
    assert len(list(readability({"short": "薬" * over + "。" + "か。" * (100 - over)}))) == 1
    assert list(readability({"short": ("薬" * under + "。") + "か。" * (100 - under)})) == []


# Words to explain

GLOSSARY = (
    Term("催奇形性", ("おなかの赤ちゃんに異常を起こす性質", "赤ちゃん")),
    Term("膵炎", ("膵臓の炎症",)),
    Term("先天異常", ("生まれつきの異常", "赤ちゃんの先天異常")),
)


@pytest.mark.parametrize(
    ("short", "detail", "columns"),
    [
        ("催奇形性があります。", "", ["short"]),
        ("催奇形性があります。", "赤ちゃんへの影響です。", ["short"]),
        ("ご相談ください。", "膵炎の方はお話しください。", ["detail"]),
        ("膵炎（{phone}）です。", "", ["short"]),
        ("催奇形性があります。", "催奇形性です。", ["short"]),
        ("催奇形性（おなかの赤ちゃんに異常を起こす性質）があります。", "", []),
        ("「催奇形性」（体の形の異常）があります。", "", []),
        ("体の形の異常（催奇形性）があります。", "", []),
        ("赤ちゃんへの催奇形性があります。", "催奇形性です。", []),
        ("膵臓の炎症があります。", "膵炎といいます。", []),
        ("赤ちゃんの先天異常があります。", "", []),
        ("先天異常があります。", "", ["short"]),
        ("奇形や炎症という言葉。", "", []),
        ("", "", []),
    ],
)
def test_words_are_explained_where_they_first_stand(
    short: str, detail: str, columns: list[str]
) -> None:
    found = list(unexplained({"short": short, "detail": detail}, GLOSSARY))
    assert [f.column for f in found] == columns
    assert all("（例：" in f.text and f.severity == "warning" for f in found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("催奇形性のある薬です。", "催奇形性"),
        ("粘膜が荒れます。", "粘膜"),
        ("肝機能をみます。", "肝機能"),
        ("中性脂肪が上がります。", "中性脂肪"),
    ],
)
def test_the_shipped_glossary_has_the_words_of_this_drug(
    files: Files, text: str, word: str
) -> None:
    glossary = read_wording(files.contents["wording.yml"]).glossary
    assert [word in f.text for f in unexplained({"short": text}, glossary)] == [True]


# Advertising


@pytest.mark.parametrize(
    ("text", "severity", "rule"),
    [
        ("激安で処方します。", "error", "費用を強調した広告"),
        ("日本一の実績です。", "error", "比較優良広告"),
        ("Ｎｏ１の治療です。", "error", "比較優良広告"),
        ("この薬は絶対に安全です。", "error", "虚偽広告"),
        ("必ず効きます。", "error", "虚偽広告"),
        ("副作用はありません。", "error", "虚偽広告"),
        ("今月はキャンペーン中です。", "error", "費用を強調した広告"),
        ("最高の治療です。", "warning", "比較優良広告"),
        ("絶対の自信があります。", "warning", "虚偽広告"),
        ("患者さんの声をご覧ください。", "warning", "体験談"),
        ("ビフォーアフターをご覧ください。", "warning", "治療の前後の写真"),
        ("画期的な薬です。", "warning", "誇大広告"),
    ],
)
def test_claims_of_advertisements_are_found(
    files: Files, text: str, severity: str, rule: str
) -> None:
    advertising = read_wording(files.contents["wording.yml"]).advertising
    found = list(claims({"detail": text}, advertising))
    assert [(f.column, f.severity) for f in found] == [("detail", severity)], found
    assert rule in found[0].text


@pytest.mark.parametrize(
    "text",
    [
        "最高気温が高い日は涼しい所に置いてください。",
        "ご自身は絶対に飲まないでください。",
        "絶対に安全とは言えません。",
        "副作用はないとは言えません。",
        "必ず効くとは限りません。",
        "始める前に必ず医師へお話しください。",
        "ネットの体験談だけで始めたりしないでください。",
        "再発を確実に防ぐ方法は、わかっていません。",
        "薬代は院でお確かめください。",
    ],
)
def test_innocent_sentences_are_no_claims(files: Files, text: str) -> None:
    advertising = read_wording(files.contents["wording.yml"]).advertising
    assert list(claims({"short": text, "title": text}, advertising)) == []


def test_an_innocent_phrase_does_not_hide_a_claim_beside_it() -> None:
    claim = Claim("最高", "比較優良広告", "warning", ("最高気温",))
    assert not claim.stands_in("最高気温は三十度。")
    assert claim.stands_in("最高気温の日に最高の治療を。")
    assert not claim.stands_in("最最高気温高")


def test_forbidden_phrases_are_not_told_twice(files: Files) -> None:
    wording = read_wording(files.contents["wording.yml"])
    forbidden = {phrase for phrase, _ in wording.forbidden}
    assert not forbidden & {claim.phrase for claim in wording.advertising}


# Numbers of other answers

CLINIC = {"after_months": "6"}
REGISTERED = {"any": frozenset({"1日", "1回"}), "laser": frozenset({"6か月"})}


def numbered(answer_id: str, text: str, **cells: str) -> Cells:
    return dict.fromkeys(ANSWER_COLUMNS, "") | {
        "answer_id": answer_id, "topic": "laser", "subject": "general", "status": "published",
        "detail": text,
    } | cells  # fmt: skip


@pytest.mark.parametrize(
    ("mine", "theirs", "cells"),
    [
        ("終了後3か月は避けます。", "終了後6か月は避けます。", {}),
        ("終了後３ヶ月は避けます。", "終了後6か月は避けます。", {}),
        ("終了後3か月は避けます。", "終了後{after_months}か月は避けます。", {}),
        ("7日間は避けます。", "10日は避けます。", {}),
        ("終了後3か月は避けます。", "終了後6か月は避けます。", {"subject": "peel", "follow_ups": "LP-A-01"}),
    ],
)  # fmt: skip
def test_another_number_in_a_related_answer_is_warned_of(
    mine: str, theirs: str, cells: Cells
) -> None:
    found = list(
        contradictions(
            numbered("LP-A-01", mine), [numbered("LP-B-01", theirs, **cells)], CLINIC, REGISTERED
        )
    )
    assert [(f.column, f.severity) for f in found] == [("detail", "warning")]
    assert "回答 LP-B-01 は「" in found[0].text
    assert "避けます。" in found[0].text


@pytest.mark.parametrize(
    ("mine", "theirs", "cells"),
    [
        ("終了後6か月は避けます。", "終了後６ヶ月は避けます。", {}),
        ("終了後3か月は避けます。", "3か月か6か月は避けます。", {}),
        ("3か月か6か月は避けます。", "終了後6か月は避けます。", {}),
        ("終了後3か月は避けます。", "12歳から避けます。", {}),
        ("終了後3か月は避けます。", "終了後は避けます。", {}),
        ("終了後{after_months}か月は避けます。", "終了後3か月は避けます。", {}),
        ("1日は避けます。", "10日は避けます。", {}),
        ("終了後3か月は避けます。", "終了後6か月は避けます。", {"status": "retired"}),
        ("終了後3か月は避けます。", "終了後6か月は避けます。", {"subject": "peel"}),
        ("終了後3か月は避けます。", "効き目は6か月。", {"subject": "peel", "follow_ups": "LP-A-01"}),
        ("", "終了後6か月は避けます。", {}),
    ],
)  # fmt: skip
def test_numbers_that_do_not_contradict_are_not_warned_of(
    mine: str, theirs: str, cells: Cells
) -> None:
    others = [numbered("LP-B-01", theirs) | cells]
    assert list(contradictions(numbered("LP-A-01", mine), others, CLINIC, REGISTERED)) == []


def test_a_follow_up_of_the_draft_is_related() -> None:
    mine = numbered("LP-A-01", "終了後3か月は避けます。", follow_ups="LP-C-01;LP-B-01")
    theirs = numbered("LP-B-01", "終了後6か月は避けます。", topic="waxing")
    assert len(list(contradictions(mine, [theirs], CLINIC, REGISTERED))) == 1


def test_contradictions_reach_the_page(told: Callable[[Cells], list[Finding]]) -> None:
    cells = draft(
        answer_id="LP-NEW-01", topic="laser_procedures", subject="general", phase="during",
        audience="parent", short="終了後1か月は避けてください。", follow_ups="LP-GEN-01",
    )  # fmt: skip
    found = [f for f in told(cells) if "LP-GEN-01" in f.text]
    assert [(f.column, f.severity) for f in found] == [("short", "warning")]
    assert "numbers.yml" in errors(told(cells))[0][1]
