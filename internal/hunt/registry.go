package hunt

import "bytes"

// hives are the spellings of the roots of the registry, in lower case.
var hives = map[string]string{
	"hklm": "hklm", "hkey_local_machine": "hklm", `registry\machine`: "hklm",
	"hkcu": "hkcu", "hkey_current_user": "hkcu",
	"hku": "hku", "hkey_users": "hku", `registry\user`: "hku",
	"hkcr": "hkcr", "hkey_classes_root": "hkcr",
	"hkcc": "hkcc", "hkey_current_config": "hkcc",
}

// splitHive divides a key of the registry into its root, as [hives] has it, and
// what is below with the backslash before it; root is "" where it is not known.
func splitHive(name string) (root, below string) {
	b := []byte(name)
	for at := range b {
		if b[at] != '\\' {
			continue
		}
		if root, from := hiveBefore(b, at); root != "" && from == 0 {
			return root, name[at:]
		}
	}
	return "", name
}

// hiveBefore returns the root of the registry that b[:at] ends with, whatever its
// spelling, and where it begins. That of a user, \REGISTRY\USER\S-1-5-21-… or
// HKU\S-1-5-21-…, is HKEY_CURRENT_USER to him.
func hiveBefore(b []byte, at int) (root string, from int) {
	word, from := wordBefore(b, at)
	if !bytes.HasPrefix(word, []byte("s-1-")) {
		return namedHive(b, at)
	}
	if above := aboveIt(b, from); above >= 0 {
		if root, from = namedHive(b, above); root == "hku" {
			return "hkcu", from
		}
	}
	return "", 0
}

// namedHive is hiveBefore without users.
func namedHive(b []byte, at int) (root string, from int) {
	end := at
	if end > 0 && b[end-1] == ':' { // of PowerShell
		end--
	}
	word, from := wordBefore(b, end)
	if root = hives[string(word)]; root != "" {
		return root, from
	}
	above := aboveIt(b, from)
	if above < 0 {
		return "", 0
	}
	parent, start := wordBefore(b, above)
	if root = hives[`registry\`+string(word)]; root == "" || string(parent) != "registry" {
		return "", 0
	}
	if start > 0 && b[start-1] == '\\' {
		start--
	}
	return root, start
}

// longestSegment is the most bytes of what names a root: an identifier of a user.
const longestSegment = 64

// wordBefore returns the word that b[:end] ends with, in lower case and without
// what is left of an escape before it.
func wordBefore(b []byte, end int) (word []byte, from int) {
	from = end
	for from > 0 && end-from <= longestSegment && class[b[from-1]]&(alnum|dash) != 0 {
		from--
	}
	word = bytes.ToLower(b[from:end])
	if hives[string(word)] == "" && escaped(b, from, end) && hives[string(word[1:])] != "" {
		return word[1:], from + 1
	}
	return word, from
}

// aboveIt returns where what stands before the backslash at b[:from], one or
// doubled as in JSON, ends; -1 if there is none.
func aboveIt(b []byte, from int) int {
	n := 0
	for n < 2 && from > n && b[from-n-1] == '\\' {
		n++
	}
	if n == 0 {
		return -1
	}
	return from - n
}
