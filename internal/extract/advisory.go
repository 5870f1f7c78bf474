package extract

import (
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Descriptions of flaws name functions, files and libraries in the middle of a
// sentence, without a word that says what they are. What is written as names in
// programs are is one there if the words beside it speak of a place in a program.

// bare reads a run of an advisory that nothing else was made of.
func (v *values) bare(from, to int) {
	v.steps += 100 // the most that is read beside a run
	run := strings.TrimSuffix(v.text[from:to], "'s")
	to = from + len(run)
	kind := intel.Function
	switch {
	case libraryName(run) && (strings.Contains(run, ".so") || v.inProgram(from, to) && !v.describes(to, "sub", "(")), (strings.HasSuffix(run, ".dll") || strings.HasSuffix(run, ".so")) && !strings.ContainsAny(run, `/\`):
		kind = intel.Library
	case snake(run) && (v.inProgram(from, to) || v.inFile(to) || v.describes(to, "incorrectly", "fails", "does", "returns", "calls", "misses", "forgets")) && !v.notFunction(v.listEnd(to)) && !strings.Contains(run, "_table"):
	case camel(run) && (v.opens(from) && strings.HasPrefix(v.text[to:], " of ") && programText(v.word(to+4)) || v.wordBefore(from) == "calling" || v.faultIn(from)):
	case qualified(run):
	case v.told(from, to):
		return
	case strings.Contains(run, "/"):
		v.pathIn(from, to)
		return
	default:
		return
	}
	v.note(intel.Entity{Kind: kind, Name: run}, from, to, "")
}

// pathIn reads a relative path that is said to be where a flaw is.
func (v *values) pathIn(from, to int) {
	if from > 0 && v.text[from-1] == '.' && (from == 1 || v.text[from-2] <= ' ' || v.text[from-2] == '`') {
		from-- // the dot of a hidden folder
	}
	run := v.text[from:to]
	name, query, _ := strings.Cut(run, "?")
	hidden := name[0] == '.' && len(name) > 1 && name[1] != '.' && name[1] != '/'
	if strings.ContainsAny(name, ":=<>@$%{}()*\\") || strings.Contains(name, "..") || strings.Contains(name, "//") || !hidden && strings.Count(name, "/") < 2 || name[0] == '/' || !hidden && fileName(name) {
		return
	}
	switch v.wordBefore(from) {
	case "via", "the", "allows", "on", "at", "to", "and", "in":
	default:
		if !v.listed(intel.File, from, to) {
			return
		}
	}
	v.note(intel.Entity{Kind: intel.File, Name: name}, from, from+len(name), "")
	if key, value, ok := strings.Cut(query, "="); ok && plainName(key) {
		at := from + len(name) + 1
		v.note(intel.Entity{Kind: intel.Argument, Name: key}, at, at+len(key), "")
		if value == "../" || value == ".." {
			v.note(intel.Entity{Kind: intel.Input, Name: "../"}, at+len(key)+1, min(len(v.text), at+len(key)+4), "")
		}
	}
}

// faultIn reports whether the words before a place are a kind of fault and "in".
func (v *values) faultIn(from int) bool {
	if v.wordBefore(from) != "in" {
		return false
	}
	before := v.wordBefore(from - 3)
	for _, fault := range []string{"bounds", "free", "overflow", "dereference", "leak", "race", "deadlock", "read", "write", "access", "underflow", "bug"} {
		if strings.HasSuffix(before, fault) {
			return true
		}
	}
	return false
}

// qualified reports whether a word is the name of a function in a class or
// namespace of C++.
func qualified(s string) bool {
	i := strings.LastIndex(s, "::")
	if i <= 0 || i+3 > len(s) || s[i+2] < 'a' || s[i+2] > 'z' {
		return false
	}
	return plainName(strings.ReplaceAll(s, "::", "")) && !strings.ContainsAny(s, ".-[]$")
}

// inFile reports whether "in" and the name of a file follow a place.
func (v *values) inFile(at int) bool {
	if !strings.HasPrefix(v.text[at:], " in ") {
		return false
	}
	word := v.word(at + 4)
	return programText(word) || strings.HasPrefix(v.text[at+4+len(word):], "/")
}

// wordBefore returns the word before a place, on the line before it too, in
// lower case: descriptions are wrapped.
func (v *values) wordBefore(at int) string {
	end := at
	for end > 0 && at-end < 3 && strings.IndexByte(" \n`'\"", v.text[end-1]) >= 0 {
		end--
	}
	begin := end
	for begin > 0 && end-begin < 24 && (isWordByte(v.text[begin-1]) || v.text[begin-1] == '-') {
		begin--
	}
	return strings.ToLower(v.text[begin:end])
}

// snake reports whether a word is an identifier with an underscore inside, as
// most functions in C are written.
func snake(s string) bool {
	under := strings.IndexByte(strings.TrimLeft(s, "_"), '_')
	if under <= 0 || len(s) < 6 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '_' && !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// camel reports whether a word is an identifier with a capital inside.
func camel(s string) bool {
	return len(s) > 3 && plainName(s) && technical(s) && !strings.ContainsAny(s, ".-_[]$") && s[0] >= 'a' && s[0] <= 'z'
}

// libraryName reports whether a word is the name of a library of Unix.
func libraryName(s string) bool {
	rest, ok := strings.CutPrefix(s, "lib")
	if !ok || len(rest) < 3 {
		return false
	}
	name, _, _ := strings.Cut(rest, ".so")
	for i := range len(name) {
		if c := name[i]; !isDigit(c) && (c < 'a' || c > 'z') && c != '_' && c != '-' && c != '+' {
			return false
		}
	}
	return strings.HasSuffix(rest, ".so") || strings.Contains(rest, ".so.") || !strings.Contains(rest, ".") && rest != "erty" && !strings.HasPrefix(rest, "erat") && !strings.HasPrefix(rest, "rar")
}

// programText reports whether a word names a file of a program's text.
func programText(s string) bool {
	for _, ending := range []string{".c", ".cc", ".cpp", ".h", ".java", ".kt", ".rs", ".go", ".py"} {
		if strings.HasSuffix(s, ending) {
			return true
		}
	}
	return false
}

// word returns the run of letters, digits and signs of names at a place, without
// a full stop or comma that follows.
func (v *values) word(at int) string {
	end := at
	for end < len(v.text) && end-at < 80 && (isWordByte(v.text[end]) || v.text[end] == '.') {
		end++
	}
	return strings.TrimRight(v.text[at:end], ".")
}

// opens reports whether a sentence begins with "In " before a place.
func (v *values) opens(from int) bool {
	before := v.text[max(0, from-5):from]
	return strings.HasSuffix(before, "In ") && (len(before) == 3 || strings.IndexByte("\n.", before[len(before)-4]) >= 0 || before[len(before)-4] == ' ')
}

// inProgram reports whether the words before text[from:to] say that it is a
// function.
func (v *values) inProgram(from, to int) bool {
	if from > 1 && strings.IndexByte(".>%$@#/\\-=:&*(<", v.text[from-1]) >= 0 {
		return false
	}
	word := v.wordBefore(from)
	switch word {
	case "in":
		before := v.wordBefore(from - 3)
		return before != "value" && (before != "found" || !v.capitalFollows(to))
	case "by":
		before := v.wordBefore(from - 3)
		return before != "protected" && before != "guarded"
	case "of", "via", "calling", "call", "calls", "called", "into", "inside":
		return true
	case "to", "on", "from":
		before := v.wordBefore(from - 1 - len(word))
		switch before {
		case "call", "calls", "value", "passed", "return", "returned", "returns", "overflow", "access", "pointer", "dereference", "leads", "called", "added", "race":
			return true
		}
		return strings.HasSuffix(before, "-free") || strings.HasSuffix(before, "-bounds")
	}
	return false
}

// capitalFollows reports whether a word with a capital stands behind a place, as
// the name of a product does behind its vendor's.
func (v *values) capitalFollows(at int) bool {
	return at+1 < len(v.text) && v.text[at] == ' ' && v.text[at+1] >= 'A' && v.text[at+1] <= 'Z'
}

// describes reports whether the word behind a place begins with one of some.
func (v *values) describes(at int, words ...string) bool {
	rest := v.text[min(at, len(v.text)):min(len(v.text), at+24)]
	if !strings.HasPrefix(rest, " ") {
		return false
	}
	return begins(rest[1:], words...)
}

// dropRemedies drops what is not part of a flaw: functions by which it was mended
// or that stand in a line of a program or log, and files in which a workaround is
// set. A function that is first named as used for mending is nothing else later.
func (v *values) dropRemedies() {
	used := map[string]bool{}
	v.out = slices.DeleteFunc(v.out, func(o intel.Observation) bool {
		if o.Entity.Kind != intel.Function && o.Entity.Kind != intel.File {
			return false
		}
		lead := v.sentence(o.Offset)
		if o.Entity.Kind == intel.File {
			return workaround(lead)
		}
		if v.compared(o.Offset) {
			return true
		}
		word := v.wordBefore(o.Offset)
		mends := mend(lead, word)
		if _, known := used[o.Entity.Name]; !known {
			used[o.Entity.Name] = mends && (word == "use" || word == "uses" || word == "using" || word == "calling")
		}
		return mends || used[o.Entity.Name]
	})
}

// mend reports whether a sentence tells how a flaw was mended: what it calls was
// not what was wrong. Lead is what of it stands before the call, word the last
// word of that in lower case.
func mend(lead, word string) bool {
	switch {
	case word == "using" && begins(lead, "Fix", "fix"),
		word == "use" && (strings.HasSuffix(lead, ": use ") || begins(lead, "Moving to")):
		return true
	}
	return begins(lead, "Fix this", "Fix it", "Fix the", "To fix", "Fixed by", "Avoid this", "Use ", "So call", "So add", "So use", "Let's", "This patch", "Instead", "Make sure", "We should", "It should", "Also,", "The fix", "Replace", "Move ", "Call ")
}

// workaround reports whether a sentence that begins with lead tells in which file
// to set something until a flaw is mended. One that tells which file to block or
// remove does not: that file is the flaw's.
func workaround(lead string) bool {
	if !begins(lead, "As a workaround", "As workaround", "A workaround", "To work around", "Workaround") {
		return false
	}
	return !slices.ContainsFunc([]string{"block", "isabl", "activat", "remov", "restrict", "deny", "redirect", "avoid", "access to"}, func(w string) bool { return strings.Contains(lead, w) })
}

// begins reports whether a text begins with one of some words.
func begins(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(s, w) })
}

// sentence returns what stands before a place in its sentence.
func (v *values) sentence(at int) string {
	before := v.text[max(0, at-500):at]
	v.steps += len(before)
	begin := 0
	for _, end := range []string{". ", ".\n", "\n\n"} {
		if i := strings.LastIndex(before, end); i >= 0 {
			begin = max(begin, i+len(end))
		}
	}
	return strings.TrimLeft(before[begin:], " \n\t")
}

// compared reports whether a sign before a place compares or computes with what
// stands there, as in a line of a program or of a log.
func (v *values) compared(at int) bool {
	before := strings.TrimRight(v.text[max(0, at-4):at], " ")
	if before == "" || strings.HasSuffix(before, "->") || strings.HasSuffix(before, "=>") {
		return false
	}
	return strings.IndexByte("%<>[", before[len(before)-1]) >= 0
}
