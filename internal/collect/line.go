package collect

import (
	"strings"
	"unicode"
)

// OneLine is a name as others write it, in one line, of so many characters at most and without
// those that nobody sees.
func OneLine(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// Account is an account or a room of a network as documents name it, network/name; "" where
// the name is.
func Account(network, name string) string {
	if name = strings.ReplaceAll(OneLine(name, 300), "/", " "); name == "" {
		return ""
	}
	return network + "/" + name
}

// WebURL is an address on the web, else none.
func WebURL(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return OneLine(address, 2000)
	}
	return ""
}
