package room

// Session is one sign-in of a browser: what its cookie stands for.
type Session struct {
	ID      string // public
	User    string
	Opened  int64 // unix-ms
	Expires int64 // unix-ms
}

// Invitation is a link that is good once. With User it sets that user's
// password; else it makes an account of Role in Deals.
type Invitation struct {
	By      string
	Deals   []string
	Role    Role
	User    string
	Expires int64 // unix-ms
	Used    bool
}
