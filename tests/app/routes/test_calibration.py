import httpx

from ingestion.store.catalog import Catalog

REPORT = {
    "fitted": 50,
    "judged": 51,
    "error_before": 0.2,
    "error_after": 0.04,
    "loss_before": 0.7,
    "loss_after": 0.5,
    "coverage": 0.8,
    "risk": 0.1,
    "refused": 0.9,
    "curve": [[0.0, 1.0, 0.4, 0.0], [0.5, 0.8, 0.1, 0.9]],
}


async def test_calibration_standard_is_version_0(client: httpx.AsyncClient) -> None:
    found = (await client.get("/collections/hr/calibration")).json()
    assert (found["version"], found["slope"], found["bias"]) == (0, 1.0, 0.0)
    assert (found["threshold"], found["chosen"], found["curve"]) == (0.2, None, [])


async def test_calibration_in_use_comes_with_its_curve(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    catalog.calibrations.put("hr", {"threshold": 0.5, "slope": 0.8, "bias": -1.0}, REPORT)
    found = (await client.get("/collections/hr/calibration")).json()
    assert (found["version"], found["threshold"], found["questions"]) == (1, 0.5, 51)
    assert (found["error_before"], found["error_after"]) == (0.2, 0.04)
    assert found["chosen"] == {"threshold": 0.5, "coverage": 0.8, "risk": 0.1, "refused": 0.9}
    assert [point["risk"] for point in found["curve"]] == [0.4, 0.1]
    catalog.calibrations.roll_back("hr")
    assert (await client.get("/collections/hr/calibration")).json()["version"] == 0


async def test_calibration_of_a_wrong_name_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/collections/a..b!/calibration")).status_code == 422
