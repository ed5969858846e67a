from __future__ import annotations

import pytest

from seedance_widgets.catalog import (
    catalogue,
    close_models,
    find_model,
    model,
    nearest_models,
    provider_choices,
    provider_name,
)

CALLED = {
    "ark-cn": ["ark", "volcengine", "ark-cn", " Ark ", "Volcengine Ark"],
    "ark-ap": ["byteplus", "ark-ap", "BytePlus", "BytePlus ModelArk\n"],
    "acedata": ["acedata", "acedatacloud", "AceDataCloud"],
    "simulator:ark-cn": ["simulator", " Simulator", "simulator:ark", "simulator:ark-cn"],
    "simulator:ark-ap": ["simulator:byteplus", "SIMULATOR:ark-ap"],
    "simulator:acedata": ["simulator:acedata"],
    None: ["nope", "", "simulator:", "simulator:nope", "ark_cn", "simulators"],
}


@pytest.mark.parametrize(("name", "called"), [(name, one) for name, all_of in CALLED.items() for one in all_of])
def test_a_provider_is_known_by_all_its_names(name, called):
    assert provider_name(called) == name


def test_every_choice_that_is_offered_is_taken():
    for choice in provider_choices().split(", "):
        called, _, label = choice.partition(" (")
        name = provider_name(called)
        assert name is not None
        assert called == "simulator" or label == f"{catalogue().providers[name].label})"


def test_no_two_providers_share_a_name():
    names = [one for facts in catalogue().providers.values() for one in {facts.name, *facts.aliases}]
    assert len(names) == len(set(names))


MEANT = {
    "Seedance 2.0": "2.0",
    "seedance-2.0": "2.0",
    "seedance 2": "2.0",
    "SEEDANCE_V2": "2.0",
    "Seedance 1.0 Pro": "1.0-pro",
    "Seedance 1.0 pro fast": "1.0-pro-fast",
    "1.0": "1.0-pro",
    "1.0pro": "1.0-pro",
    "pro 1.0": "1.0-pro",
    "1.5": "1.5-pro",
    "2.0 fast": "2.0-fast",
    "2.0-fst": "2.0-fast",
    "2.0-minni": "2.0-mini",
    "doubao-seedance-2-0": "2.0",
    "Doubao Seedance 2 0 Fast": "2.0-fast",
    "seedance-1-0-pro-250529": "1.0-pro",
    "doubao-seedance-2-0-26012": "2.0",
    "2.0-lite": "2.0",
    "2.5 pro": "2.5",
    "i2v": "1.0-lite-i2v",
    " 2.5 ": "2.5",
}


@pytest.mark.parametrize("written", MEANT)
def test_the_right_model_is_suggested_first_and_none_is_accepted_silently(written):
    assert find_model(written) is None
    assert close_models(written)[0] == MEANT[written]
    assert nearest_models(written).startswith(f"did you mean {MEANT[written]}")


@pytest.mark.parametrize("written", ["Seedance 2.0", "1.0pro", "doubao-seedance-2-0", "DREAMINA-SEEDANCE-2-5-260628"])
def test_a_name_that_can_mean_one_model_only_suggests_no_other(written):
    assert len(close_models(written)) == 1


@pytest.mark.parametrize("written", ["sora", "seedance", "", "seedance-3.0", "日落", "-", "x" * 10**6])
def test_what_resembles_no_model_gets_the_whole_list(written):
    assert close_models(written) == []
    assert nearest_models(written) == f"choose one of {', '.join(catalogue().models)}."


def test_every_model_is_found_by_its_title_in_any_case():
    for one in catalogue().models.values():
        assert close_models(one.title.upper()) == [one.name]
        assert model(one.name) is one
