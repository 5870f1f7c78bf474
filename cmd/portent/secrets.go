package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	toml "github.com/pelletier/go-toml/v2"

	"github.com/portent-cti/portent/internal/collect"
)

// maxSecret is the most bytes of one secret, and maxSecrets of the file of all.
const maxSecret, maxSecrets = 64 << 10, 4 << 20

// reveal returns what is secret, from where it stands. No error tells any of it.
func (a *app) reveal(s collect.Secret) (string, error) {
	kind, name, _ := strings.Cut(string(s), ":")
	var text string
	switch kind {
	case "env":
		text = os.Getenv(name)
	case "file":
		b, err := readWithin(name, maxSecret)
		if err != nil {
			return "", collect.Permanent(fmt.Errorf("secret %s: %w", s, err))
		}
		text = string(b)
	case "age":
		_, all, err := a.kept()
		if err != nil {
			return "", collect.Permanent(fmt.Errorf("secret %s: %w", s, err))
		}
		text = all[name]
	}
	if text = strings.TrimSpace(text); text == "" {
		hint := ""
		if kind == "age" {
			hint = "; portent secrets set " + name + " keeps it"
		}
		return "", collect.Permanent(fmt.Errorf("secret %s is not there, or empty%s", s, hint))
	}
	return text, nil
}

// readWithin reads a file of so many bytes at most.
func readWithin(path string, most int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // whoever configures names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return b, err
}

// A vault is the file of secrets, encrypted with age (age-encryption.org/v1) to the identity
// beside it. The key may be kept elsewhere, as on a stick, and named by --age-identity.
type vault struct{ file, key string }

func (a *app) vault() (vault, error) {
	sources, err := a.sourcesFile()
	if err != nil {
		return vault{}, err
	}
	v := vault{filepath.Join(filepath.Dir(sources), "secrets.age"), a.cli.AgeIdentity}
	if v.key == "" {
		v.key = filepath.Join(filepath.Dir(sources), "age-identity.txt")
	}
	return v, nil
}

// kept is the file of secrets, and all that it holds by name.
func (a *app) kept() (vault, map[string]string, error) {
	v, err := a.vault()
	if err != nil {
		return v, nil, err
	}
	all, err := v.read()
	return v, all, err
}

// identities reads the key.
func (v vault) identities() ([]age.Identity, error) {
	text, err := readWithin(v.key, maxSecret)
	if err != nil {
		return nil, fmt.Errorf("key of the secrets: %w", err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s is no age identity, such as age-keygen makes", v.key) // the error may repeat the key
	}
	return ids, nil
}

// read returns all secrets by name; a file that is not there has none.
func (v vault) read() (map[string]string, error) {
	sealed, err := readWithin(v.file, maxSecrets)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	ids, err := v.identities()
	if err != nil {
		return nil, err
	}
	open, err := age.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return nil, fmt.Errorf("%s is not to be opened with %s: %w", v.file, v.key, err)
	}
	text, err := io.ReadAll(io.LimitReader(open, maxSecrets))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.file, err)
	}
	all := map[string]string{}
	if err := toml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s holds no table of names and secrets", v.file) // the error may repeat a secret
	}
	return all, nil
}

// write keeps all secrets, and makes a key where there is none.
func (v vault) write(all map[string]string) error {
	if err := os.MkdirAll(filepath.Dir(v.file), 0o700); err != nil {
		return err
	}
	ids, err := v.identities()
	if errors.Is(err, fs.ErrNotExist) {
		if ids, err = v.newKey(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	var to []age.Recipient
	for _, id := range ids {
		switch id := id.(type) {
		case *age.X25519Identity:
			to = append(to, id.Recipient())
		case *age.HybridIdentity:
			to = append(to, id.Recipient())
		}
	}
	text, err := toml.Marshal(all)
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to...)
	if err != nil {
		return fmt.Errorf("seal with %s: %w", v.key, err)
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return replaceFile(v.file, sealed.Bytes())
}

// newKey makes a key that only its owner may read.
func (v vault) newKey() ([]age.Identity, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(v.key), 0o700); err != nil {
		return nil, err
	}
	return []age.Identity{id}, replaceFile(v.key, []byte("# public key: "+id.Recipient().String()+"\n"+id.String()+"\n"))
}

type secretsCmd struct {
	List   secretsListCmd   `cmd:"" default:"1" help:"List the names of the secrets that are kept here."`
	Set    secretsSetCmd    `cmd:"" help:"Keep a secret, read from the terminal or a pipe, encrypted. Settings call it age:NAME."`
	Remove secretsRemoveCmd `cmd:"" help:"Remove a secret."`
}

type secretsListCmd struct{}

// Run implements the command.
func (c *secretsListCmd) Run(_ context.Context, a *app) error {
	v, all, err := a.kept()
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(all))
	if a.cli.JSON {
		return a.print(map[string]any{"file": v.file, "names": append([]string{}, names...)})
	}
	if len(names) == 0 {
		a.remark("No secrets in %s; portent secrets set NAME keeps one.", v.file)
	}
	for _, name := range names {
		fmt.Fprintln(a.out, line(name))
	}
	return nil
}

type secretsSetCmd struct {
	Name string `arg:"" help:"What it is called."`
}

// Run implements the command.
func (c *secretsSetCmd) Run(ctx context.Context, a *app) error {
	if c.Name == "" || len(c.Name) > 200 || strings.ContainsFunc(c.Name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return usageError{fmt.Errorf("%q is no name of a secret; one such as misp-key is", c.Name)}
	}
	v, all, err := a.kept()
	if err != nil {
		return err
	}
	text, err := a.hidden(ctx, "Secret "+c.Name)
	if err != nil {
		return err
	}
	if text = strings.TrimSpace(text); text == "" || len(text) > maxSecret {
		return usageError{fmt.Errorf("a secret has 1 to %d bytes", maxSecret)}
	}
	all[c.Name] = text
	if err := v.write(all); err != nil {
		return err
	}
	a.remark("%s is in %s; settings call it age:%s. Who has %s can read it.", c.Name, v.file, c.Name, v.key)
	return nil
}

type secretsRemoveCmd struct {
	Name string `arg:"" help:"What it is called."`
}

// Run implements the command.
func (c *secretsRemoveCmd) Run(_ context.Context, a *app) error {
	v, all, err := a.kept()
	if err != nil {
		return err
	}
	if _, ok := all[c.Name]; !ok {
		return usageError{fmt.Errorf("no secret %q in %s; portent secrets lists them", c.Name, v.file)}
	}
	delete(all, c.Name)
	return v.write(all)
}

// hidden reads what is secret: from a terminal without showing it, else all that comes.
func (a *app) hidden(ctx context.Context, words string) (string, error) {
	if fd, ok := keyboard(a.in); ok {
		fmt.Fprintf(a.err, "%s: ", words)
		text, err := password(ctx, fd)
		fmt.Fprintln(a.err)
		return text, err
	}
	text, err := io.ReadAll(io.LimitReader(a.in, maxSecret+1))
	return string(text), err
}
