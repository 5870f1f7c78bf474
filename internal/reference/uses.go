package reference

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
)

// Uses is who uses what by one release of ATT&CK.
type Uses struct {
	Version    string   // of the release; empty where the bundle does not say
	Techniques []string // live ones, sorted
	Users      []User   // live ones, by ID
}

// A User is a group, a campaign or a piece of software.
type User struct {
	ID, Type string   // of ATT&CK, and of STIX
	Uses     []string // IDs of live techniques, sorted
	Software []string // IDs of what it uses besides, sorted
}

// ReadUses reads one Enterprise bundle of ATT&CK, gzipped or not.
func ReadUses(ctx context.Context, r io.Reader) (u Uses, err error) {
	var objects map[string]*object
	if err := whole(ctx, r, func(r io.Reader) (err error) {
		objects, u.Version, err = parseBundle(r)
		return err
	}); err != nil {
		return Uses{}, err
	}
	live := func(id string) bool {
		o := objects[id]
		return o != nil && !o.Revoked && !o.Deprecated
	}
	technique := func(id string) bool {
		return strings.HasPrefix(id, "T") && live(id) && objects[id].Type == "attack-pattern"
	}
	for _, id := range slices.Sorted(maps.Keys(objects)) {
		o := objects[id]
		switch {
		case technique(id):
			u.Techniques = append(u.Techniques, id)
		case live(id) && o.Type != "attack-pattern":
			user := User{ID: id, Type: o.Type}
			for _, of := range slices.Compact(slices.Sorted(slices.Values(o.Uses))) {
				if technique(of) {
					user.Uses = append(user.Uses, of)
				} else if live(of) {
					user.Software = append(user.Software, of)
				}
			}
			u.Users = append(u.Users, user)
		}
	}
	return u, nil
}
