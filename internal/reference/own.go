package reference

// AttackPack builds an attack pack of techniques alone. It is for applications
// that bring their own; [Read] reads the publisher's.
func AttackPack(version string, techniques []Technique) (Pack, error) {
	p := Pack{Name: "attack", Version: version}
	for _, t := range techniques {
		o := object{ID: t.ID, Type: "attack-pattern", Name: t.Name, Description: t.Description, Tactics: t.Tactics,
			Revoked: t.Revoked, Deprecated: t.Deprecated, RevokedBy: t.RevokedBy}
		if err := p.add(t.ID, o); err != nil {
			return p, err
		}
	}
	seal(&p)
	return p, nil
}
