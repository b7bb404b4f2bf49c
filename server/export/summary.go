package export

import (
	"context"
	"fmt"
	"io"

	"tambonsync/server/tables"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// maxAreas bounds a summary: all villages of the country are 75,000.
const maxAreas = 100_000

// summaryRow is one area with its sums.
type summaryRow struct {
	survey.Summary
	parent string
}

// summary writes one row for each area, down to villages, and indicator.
func (r *run) summary(ctx context.Context, w io.Writer) (int64, error) {
	list, err := r.areas(ctx)
	if err != nil {
		return 0, err
	}
	shown, err := r.shown(list)
	if err != nil {
		return 0, err
	}
	places, err := r.places(ctx)
	if err != nil {
		return 0, err
	}
	out, err := tables.New(r.q.Format, w, summaryColumns, tables.Options{TempDir: r.TempDir})
	if err != nil {
		return 0, err
	}
	defer out.Discard()
	var n int64
	for i, row := range list {
		for j, line := range row.Indicators {
			cell := shown[i][j]
			at := places[row.Area]
			err := out.Write([]any{
				row.Area, row.AreaName, area.Code(row.Area).Level().String(), row.Round, row.Households.Total, row.Households.Complete,
				line.No, line.Code, line.NameTH, line.NameEN, line.Unit,
				number(cell.Applicable), number(cell.Passed), number(cell.Failed), decimal(cell.Percent), cell.Suppressed, at[0], at[1],
			})
			if err != nil {
				return n, err
			}
			n++
		}
	}
	return n, out.Close()
}

var summaryColumns = []tables.Column{
	column("area", tables.Text, "รหัสพื้นที่", "Area code"),
	column("area_name", tables.Text, "พื้นที่", "Area"),
	column("level", tables.Text, "ระดับ", "Level"),
	column("round", tables.Text, "รอบ", "Round"),
	column("households", tables.Int, "ครัวเรือน", "Households"),
	column("complete", tables.Int, "ข้อมูลครบ", "Complete"),
	column("no", tables.Int, "ตัวชี้วัดที่", "Indicator"),
	column("code", tables.Text, "รหัสตัวชี้วัด", "Code"),
	column("name_th", tables.Text, "ชื่อตัวชี้วัด", "Name (Thai)"),
	column("name_en", tables.Text, "ชื่อตัวชี้วัด (อังกฤษ)", "Name (English)"),
	column("unit", tables.Text, "หน่วย", "Unit"),
	column("applicable", tables.Int, "สำรวจ", "Applicable"),
	column("passed", tables.Int, "ผ่าน", "Passed"),
	column("failed", tables.Int, "ตก", "Failed"),
	column("percent", tables.Number, "ร้อยละผ่าน", "Per cent passed"),
	column("suppressed", tables.Bool, "ปิดตัวเลขน้อย", "Small numbers left out"),
	column("lat", tables.Number, "ละติจูด", "Latitude"),
	column("lon", tables.Number, "ลองจิจูด", "Longitude"),
}

// areas are the area asked for and all below it, parents first.
func (r *run) areas(ctx context.Context) ([]summaryRow, error) {
	top, err := r.Analysis.Summary(ctx, r.q.Area, r.q.Round)
	if err != nil {
		return nil, err
	}
	list := []summaryRow{{Summary: top}}
	for i := 0; i < len(list); i++ {
		code := area.Code(list[i].Area)
		if code.Level() == area.LevelVillage {
			continue
		}
		below, err := r.Analysis.Breakdown(ctx, code, r.q.Round)
		if err != nil {
			return nil, err
		}
		for _, s := range below {
			if s.Area != list[i].Area { // households without a village count in the sum only
				list = append(list, summaryRow{Summary: s, parent: list[i].Area})
			}
		}
		if len(list) > maxAreas {
			return nil, fmt.Errorf("%w: more than %d areas: export a smaller one", ErrRequest, maxAreas)
		}
	}
	return list, nil
}

// shown decides which numbers are given out.
func (r *run) shown(list []summaryRow) ([][]tables.Cell, error) {
	if r.q.Open {
		counts := make([]tables.AreaCounts, len(list))
		for i, row := range list {
			counts[i] = tables.AreaCounts{Area: row.Area, Parent: row.parent}
			for _, l := range row.Indicators {
				counts[i].Counts = append(counts[i].Counts, tables.Counts{Applicable: l.Applicable, Failed: l.Failed, Passed: l.Passed})
			}
		}
		return tables.Suppress(counts, tables.SmallCell)
	}
	out := make([][]tables.Cell, len(list))
	for i := range list {
		for j := range list[i].Indicators {
			l := &list[i].Indicators[j]
			out[i] = append(out[i], tables.Cell{Applicable: &l.Applicable, Failed: &l.Failed, Passed: &l.Passed, Percent: l.Percent})
		}
	}
	return out, nil
}

// places are the positions of villages.
func (r *run) places(ctx context.Context) (map[string][2]any, error) {
	villages, err := r.Store.Villages(ctx, r.q.Area)
	if err != nil {
		return nil, err
	}
	out := map[string][2]any{}
	for _, v := range villages {
		if v.Lat != nil && v.Lon != nil {
			out[string(v.Code)] = [2]any{*v.Lat, *v.Lon}
		}
	}
	return out, nil
}

func number(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

func decimal(n *float64) any {
	if n == nil {
		return nil
	}
	return *n
}
