package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// TestNamesInFreeWordsAreReadByWhatStandsAround has a description for each rule,
// and what looks like it and is none: the labelled ones hold them to shares only.
func TestNamesInFreeWordsAreReadByWhatStandsAround(t *testing.T) {
	s := scanner(t)
	for text, want := range map[string]string{
		// by the word before or behind
		"An attacker can send a crafted X-Forwarded-For header to bypass the check.": "argument:X-Forwarded-For",
		"A crafted Referer header leads to a bypass.":                                "argument:Referer",
		"A flaw in the getUserList endpoint lets users read files.":                  "file:getUserList",
		"A flaw in the getUserList and setUserList endpoints lets users read files.": "file:getUserList file:setUserList",
		"A use after free is reached by calling freeList twice.":                     "function:freeList",
		// by form
		"Improper validation in Client.verifyToken allows a bypass.":           "function:Client.verifyToken",
		"Improper validation in the Client.verifyToken class allows a bypass.": "",
		"An overflow via the os.StartProcess call.":                            "function:os.StartProcess",
		// by the flaw behind
		"Vendor Router SetPassword Buffer Overflow Vulnerability.":        "function:SetPassword",
		"Vendor Router getInfo wan_ssid Command Injection Vulnerability.": "argument:wan_ssid function:getInfo",
		"Vendor Router Buffer Overflow Vulnerability.":                    "",
		// by the list
		"An out-of-bounds write in set_name, get_name and del_name lets users write.":        "function:del_name function:get_name function:set_name",
		"An out-of-bounds write in set_name, get_name and del_name fields lets users write.": "",
		"A flaw in /a/login.php, /a/user.php and /a/admin.php lets users read.":              "file:/a/admin.php file:/a/login.php file:/a/user.php",
		// fields of forms
		"Cross-site scripting via the First Name parameter.": "argument:First Name",
		"Cross-site scripting via the message parameter.":    "argument:message",
		"SQL injection via the count parameter.":             "argument:count",
		"The count parameter is wrong.":                      "",
		"Cross-site scripting via the VLAN:1/ID parameter.":  "argument:VLAN:1/ID",
		// remedies
		"A buffer overflow in copy_name was found. Fix this by calling check_name first.": "function:copy_name",
		"A flaw in copy_name. As a workaround, set a=1 in /etc/app.conf.":                 "function:copy_name",
		"A flaw in copy_name. As a workaround, block access to /admin/app.php.":           "file:/admin/app.php function:copy_name",
	} {
		if got := strings.Join(live(s, intel.Document{Genre: intel.Advisory, Text: text}), " "); got != want {
			t.Errorf("%s\n\tgave %q\n\twant %q", text, got, want)
		}
	}
}

func TestArgumentsInPlainWordsAreRead(t *testing.T) {
	checkLive(t, intel.Advisory, map[string]string{
		"The parameters `name`, `path` and `type` of /api/up.php are vulnerable.":                    "argument:name argument:path argument:type file:/api/up.php",
		"The vulnerable parameter is comment.":                                                       "argument:comment",
		"The affected argument is not known.":                                                        "",
		"A flaw affects the argument user of the file /cgi-bin/vt.cgi with the input %2e%2e%2fadmin": "argument:user file:/cgi-bin/vt.cgi input:%2e%2e%2fadmin",
		"A flaw in the argument user_id of the file /a.php with the input ../../x, now fixed":        "argument:user_id file:/a.php input:../../x",
		"XSS via the q and lang GET parameters":                                                      "argument:lang argument:q",
		"Injection via the header X-siLock-Comment":                                                  "argument:X-siLock-Comment",
	})
}
