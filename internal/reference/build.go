package reference

// A Cluster is one named thing of a galaxy and what it is also called.
type Cluster struct {
	Galaxy      string   `json:"galaxy"` // "threat-actor", "ransomware", "tool", "rat", "sector", …
	Value       string   `json:"value"`
	Synonyms    []string `json:"synonyms,omitempty"`
	Description string   `json:"description,omitempty"`
	Country     string   `json:"country,omitempty"` // of origin, ISO 3166-1 alpha-2
	Victims     []string `json:"victims,omitempty"` // names of countries
	Sectors     []string `json:"sectors,omitempty"` // names of sectors attacked
	References  []string `json:"refs,omitempty"`
}

// A List is values that are usually benign. Type says how they match: string,
// substring, hostname (with what is below it), cidr, regex, or lifted: values,
// domains and ranges that are ordinary whatever else says they are reserved.
type List struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Attributes []string `json:"matching_attributes,omitempty"` // MISP attribute types; none means all that fit Type
	Values     []string `json:"list"`
}

// ActorsPack builds an actors pack.
func ActorsPack(version string, clusters []Cluster) Pack { return Pack{Name: "actors", Version: version} }

// WarninglistsPack builds a warninglists pack.
func WarninglistsPack(version string, lists []List) Pack {
	return Pack{Name: "warninglists", Version: version}
}
