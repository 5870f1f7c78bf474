package stix

import "github.com/portent-cti/portent/internal/intel"

// tlp is the extension that TLP 2.0 came to STIX 2.1 with. Its markings have
// fixed ids, names and dates:
// https://github.com/oasis-open/cti-stix-common-objects/tree/main/extension-definition-specifications/tlp-2.0
const tlp = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

// markingID is the id of a marking of TLP 2.0. What is no marking is red.
func markingID(m intel.Marking) string {
	switch m {
	case intel.Clear:
		return "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
	case intel.Green:
		return "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
	case intel.Amber:
		return "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
	case intel.AmberStrict:
		return "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
	}
	return "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
}

// fixedMarking is the marking that an id of TLP 2.0, or of TLP 1.0 (STIX 2.1,
// 7.2.1.4), stands for: a bundle may name it without holding it. Any other id
// is TLP:CLEAR.
func fixedMarking(id string) intel.Marking {
	for m := intel.Green; m <= intel.Red; m++ {
		if id == markingID(m) {
			return m
		}
	}
	switch id {
	case "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da":
		return intel.Green
	case "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82":
		return intel.Amber
	case "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed":
		return intel.Red
	}
	return intel.Clear
}
