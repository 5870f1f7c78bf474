package intel

import "strings"

// Quoted returns where a message or post quotes somebody else, from and to in
// bytes of its text: lines that begin with ">", and the one before them that
// says who wrote them. In other genres the sign means other things. Whoever adds
// no more than a word or two relays what he quotes, as a repost does.
func (d Document) Quoted() (found [][2]int, relays bool) {
	if d.Genre != Mail && d.Genre != Forum {
		return nil, false
	}
	found = quotations(d.Text)
	return found, len(found) > 0 && adds(d.Text, found) < 3
}

// adds is how many words a text has besides what it quotes and its signature.
func adds(text string, quoted [][2]int) (words int) {
	if i := strings.LastIndex(text, "\n-- \n"); i >= 0 && i >= quoted[len(quoted)-1][1]-1 {
		text = text[:i]
	}
	at := 0
	for _, q := range quoted {
		words += len(strings.Fields(text[at:q[0]]))
		at = min(q[1], len(text))
	}
	return words + len(strings.Fields(text[at:]))
}

func quotations(text string) (found [][2]int) {
	if !strings.HasPrefix(text, ">") && !strings.Contains(text, "\n>") {
		return nil
	}
	before, at := 0, 0
	for line := range strings.Lines(text) {
		if line[0] == '>' {
			from := at
			if attributes(strings.TrimSpace(text[before:at])) {
				from = before
			}
			if n := len(found); n > 0 && found[n-1][1] >= from {
				found[n-1][1] = at + len(line)
			} else {
				found = append(found, [2]int{from, at + len(line)})
			}
		}
		if strings.TrimSpace(line) != "" { // an empty line may part the two
			before = at
		}
		at += len(line)
	}
	return found
}

// attributes reports whether a line says who wrote what follows.
func attributes(line string) bool {
	if len(line) > 400 || !strings.HasSuffix(line, ":") {
		return false
	}
	for _, end := range []string{"wrote:", "writes:", "said:", "schrieb:", "a écrit :", "a écrit:", "escribió:", "ha scritto:", "написал:", "написала:", "пишет:", "写道:"} {
		if strings.HasSuffix(line, end) {
			return true
		}
	}
	return false
}
