package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// said is what a document of a genre is to yield.
type said struct {
	genre      intel.Genre
	text, want string // want is in order, with blanks between
}

func (c said) check(t *testing.T) {
	t.Helper()
	if got := strings.Join(live(scanner(t), intel.Document{Genre: c.genre, Text: c.text}), " "); got != c.want {
		t.Errorf("%q:\n\tgot  %q\n\twant %q", c.text, got, c.want)
	}
}

func TestPartsOfAFlawAreToldApart(t *testing.T) {
	for _, c := range []said{
		{intel.Advisory, "with the input %2e%2e%2fadmin in the file /cgi-bin/vt_login.cgi leads to disclosure.", "file:/cgi-bin/vt_login.cgi input:%2e%2e%2fadmin"},
		{intel.Advisory, "This affects some processing in the library lib/auth.so of the component Login.", "file:lib/auth.so library:lib/auth.so"},
		{intel.Advisory, "This affects some processing in the library lib/auth.php of the component Login.", "file:lib/auth.php"},
	} {
		c.check(t)
	}
}

func TestAFileIsNotedOnceWhateverSaysThatItIsOne(t *testing.T) {
	text := "Affected is some processing of the file /admin/edit_pet.php of it."
	if got := scanner(t).Observations(intel.Document{Genre: intel.Advisory, Text: text}); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}
