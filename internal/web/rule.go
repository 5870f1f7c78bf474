package web

import (
	"fmt"
	"net/http"

	"github.com/portent-cti/portent/internal/intel"
)

// maxForm bounds what a form sends, in bytes.
const maxForm = 4 << 10

// rule takes what a reader says of a post and leads back to its page. A form of
// another site does nothing: browsers tell where a request comes from.
func (h *handler) rule(w http.ResponseWriter, r *http.Request) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "this form is sent by our own pages alone", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		h.fail(w, r, fmt.Errorf("form: %w: %w", err, intel.ErrInvalid))
		return
	}
	id := intel.DocumentID(r.PathValue("id"))
	d, err := h.Views.Document(r.Context(), h.Reader, id)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if d.Gist == nil {
		h.fail(w, r, fmt.Errorf("document %s is no post: %w", id, intel.ErrInvalid))
		return
	}
	ruling, intent := intel.Ruling(r.PostForm.Get("says")), intel.Purpose("")
	if ruling == intel.MeansPost {
		intent = intel.Purpose(r.PostForm.Get("intent"))
	}
	if err := h.Rule(r.Context(), id, ruling, intent); err != nil {
		h.fail(w, r, err)
		return
	}
	http.Redirect(w, r, documentPath(id, -1), http.StatusSeeOther)
}
