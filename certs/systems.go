package certs

import "strings"

// System is something that has a list of trusted CAs, and how one gets into it and
// out of it again: lines of a shell, or, where Add is empty, what to press.
type System struct {
	Name        string
	Add, Remove []string
	Press       string
}

// Systems are those on which people try a room, for the CA of a name, whose
// certificate is in a file, an absolute path.
func Systems(file, name string) []System {
	short := strings.ReplaceAll(strings.ToLower(name), " ", "-") // a file's name
	posix := strings.NewReplacer("FILE", "'"+strings.ReplaceAll(file, "'", `'\''`)+"'", "NAME", "'"+name+"'", "SHORT", short)
	windows := strings.NewReplacer("FILE", `"`+file+`"`, "NAME", `"`+name+`"`)
	systems := []System{
		{
			Name: "Red Room's tools, curl",
			Add:  []string{"redroom chat --ca FILE", "curl --cacert FILE https://localhost:4433/"},
		},
		{
			Name:   "Debian, Ubuntu",
			Add:    []string{"sudo cp FILE /usr/local/share/ca-certificates/SHORT.crt", "sudo update-ca-certificates"},
			Remove: []string{"sudo rm /usr/local/share/ca-certificates/SHORT.crt", "sudo update-ca-certificates --fresh"},
		},
		{
			Name:   "Fedora, Red Hat",
			Add:    []string{"sudo cp FILE /etc/pki/ca-trust/source/anchors/SHORT.pem", "sudo update-ca-trust"},
			Remove: []string{"sudo rm /etc/pki/ca-trust/source/anchors/SHORT.pem", "sudo update-ca-trust"},
		},
		{
			Name:   "Arch",
			Add:    []string{"sudo trust anchor --store FILE"},
			Remove: []string{"sudo trust anchor --remove FILE"},
		},
		{
			Name: "Chrome, Chromium, Edge on Linux, which have a list of each user's own (certutil: package libnss3-tools or nss-tools)",
			Add: []string{
				`mkdir -p "$HOME/.pki/nssdb"`,
				`certutil -d "sql:$HOME/.pki/nssdb" -L >/dev/null 2>&1 || certutil -d "sql:$HOME/.pki/nssdb" -N --empty-password`,
				`certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n NAME -i FILE`,
			},
			Remove: []string{`certutil -d "sql:$HOME/.pki/nssdb" -D -n NAME`},
		},
		{
			Name:   "macOS",
			Add:    []string{"sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain FILE"},
			Remove: []string{"sudo security remove-trusted-cert -d FILE"},
		},
	}
	for i := range systems {
		for _, lines := range [][]string{systems[i].Add, systems[i].Remove} {
			for j := range lines {
				lines[j] = posix.Replace(lines[j])
			}
		}
	}
	return append(systems,
		System{
			Name:   "Windows",
			Add:    []string{windows.Replace("certutil -user -addstore Root FILE")},
			Remove: []string{windows.Replace("certutil -user -delstore Root NAME")},
		},
		System{Name: "Firefox", Press: "Settings, Privacy & Security, View Certificates, Authorities, Import; on macOS and Windows it trusts what the system does"},
		System{Name: "iOS", Press: "open the file, install the profile in Settings, then turn it on in Settings, General, About, Certificate Trust Settings"},
		System{Name: "Android", Press: "Settings, search for \"CA certificate\", choose the file"},
	)
}
