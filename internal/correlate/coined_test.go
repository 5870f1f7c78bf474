package correlate_test

import "testing"

func TestANameThatIsGivenToAnythingIsNoCampaign(t *testing.T) {
	lynx := "actor:cold-lynx|Cold Lynx"
	of := []string{"campaign:duskfall part-of actor:cold-lynx"}
	gives(t, set(t), []said{
		{"Cold Lynx has a loader dubbed Duskfall.", []string{lynx}, nil},
		{"In campaigns Cogsworth observed, Cold Lynx was back.", []string{lynx}, nil},
		{"See \"Cold Lynx Continues Email Campaign Innovation\".", []string{lynx}, nil},
		{"Cold Lynx ran a campaign dubbed Duskfall.", []string{lynx}, of},
		{"Cold Lynx is behind Operation Duskfall.", []string{lynx}, of},
	})
}

func TestWhoNamesAnActorIsNotTheActor(t *testing.T) {
	lynx := "actor:cold-lynx|Cold Lynx"
	newt := "actor:stern-newt|Stern Newt"
	gives(t, set(t), []said{
		{"The actor Cogsworth tracks as Cold Lynx is back.", []string{lynx}, nil},
		{"Cold Lynx uses the same Cogmail address.", []string{lynx}, nil},
		{"On the same day as that of Cold Lynx and Stern Newt it rained.", []string{lynx, newt}, nil},
		{"Cold Lynx moved onto an updated version, known as Stern Newt.", []string{lynx, newt}, nil},
		{"Cold Lynx, also known as TEMP, Periscope.", []string{lynx}, nil},
		{"Cold Lynx and Stern Newt are the same group.", []string{lynx, newt}, []string{"actor:stern-newt alias-of actor:cold-lynx"}},
		{"Cold Lynx is tracked as Duskfall.", []string{lynx}, []string{"actor:duskfall alias-of actor:cold-lynx"}},
	})
}
