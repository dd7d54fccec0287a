module github.com/tunaperf/tuna/examples

go 1.26.0

require (
	github.com/google/jsonschema-go v0.4.3
	github.com/tunaperf/tuna v0.0.0
	golang.org/x/tools v0.52.0
)

require (
	github.com/kr/fs v0.1.0 // indirect
	github.com/pkg/sftp v1.13.12 // indirect
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
)

replace github.com/tunaperf/tuna => ../
