// Package tables writes rows to files that people and other programs open (CSV,
// XLSX, GeoJSON, Parquet) and reads the files that offices already have (CSV in
// any of the usual encodings, XLSX).
//
// Writing streams: a million rows need no more memory than a thousand. Reading
// is bounded in every direction and says at which file, sheet, row and column
// it stopped. A list that is imported (households, villages) is told row by row
// what is wrong with it; the rows that are right go on.
//
//	rows, err := tables.Read("บ้าน.csv", file, tables.ReadOptions{})
//	mapping, err := tables.Match(rows.Header(), tables.HouseholdList(), nil)
//	for row, err := range tables.Households(rows, mapping) { … }
//
// The package knows files and rows. It must not know records, SQL or HTTP, nor
// who may see a column: who must not see one must not be given it.
package tables
