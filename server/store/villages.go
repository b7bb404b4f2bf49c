package store

import (
	"context"
	"database/sql"
	"fmt"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// PutVillages adds or replaces villages in one transaction.
func (s *Store) PutVillages(ctx context.Context, villages []server.Village) error {
	err := putAll(ctx, s, villages, checkVillage, `INSERT INTO villages (code, name_th, name_en, local_gov, lat, lon, valid_from, valid_to, predecessor)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (code) DO UPDATE SET name_th = excluded.name_th, name_en = excluded.name_en, local_gov = excluded.local_gov, lat = excluded.lat,
			lon = excluded.lon, valid_from = excluded.valid_from, valid_to = excluded.valid_to, predecessor = excluded.predecessor`,
		func(v server.Village) []any {
			return []any{v.Code, v.NameTH, v.NameEN, v.LocalGov, v.Lat, v.Lon, v.ValidFrom, v.ValidTo, v.Predecessor}
		})
	if err != nil {
		return fmt.Errorf("put villages: %w", err)
	}
	return nil
}

// checkVillage refuses what a message to a device could not carry.
func checkVillage(v server.Village) error {
	if !v.Code.Valid() || v.Predecessor != "" && !v.Predecessor.Valid() {
		return fmt.Errorf("village %.20q (before it %.20q) is no area code", string(v.Code), string(v.Predecessor))
	}
	for _, name := range []string{v.NameTH, v.NameEN, v.LocalGov} {
		if len(name) > syncproto.MaxLabelBytes {
			return fmt.Errorf("village %s: a name of %d bytes is over the limit of %d", v.Code, len(name), syncproto.MaxLabelBytes)
		}
	}
	return nil
}

// putAll upserts a list in one transaction and says that something changed.
func putAll[T any](ctx context.Context, s *Store, list []T, check func(T) error, query string, args func(T) []any) error {
	for _, item := range list {
		if err := check(item); err != nil {
			return err
		}
	}
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		for _, item := range list {
			if _, err := stmt.ExecContext(ctx, args(item)...); err != nil {
				return err
			}
		}
		return raiseRevision(ctx, tx)
	})
}

// Villages lists the villages in and below an area.
func (s *Store) Villages(ctx context.Context, within area.Code) ([]server.Village, error) {
	from, to := within.Span()
	list, err := collect(ctx, s.read, func(rows *sql.Rows) (v server.Village, err error) {
		err = rows.Scan(&v.Code, &v.NameTH, &v.NameEN, &v.LocalGov, &v.Lat, &v.Lon, &v.ValidFrom, &v.ValidTo, &v.Predecessor)
		return v, err
	}, `SELECT code, name_th, name_en, local_gov, lat, lon, valid_from, valid_to, predecessor FROM villages WHERE code >= $1 AND code < $2 ORDER BY code`, from, to)
	if err != nil {
		return nil, fmt.Errorf("villages: %w", err)
	}
	return list, nil
}

// PutLocalGovs adds or replaces local government bodies in one transaction.
func (s *Store) PutLocalGovs(ctx context.Context, govs []server.LocalGov) error {
	err := putAll(ctx, s, govs, func(g server.LocalGov) error {
		if g.Code == "" || len(g.Code) > syncproto.MaxLabelBytes || len(g.NameTH) > syncproto.MaxLabelBytes {
			return fmt.Errorf("local government %.40q: a code and name have up to %d bytes", g.Code, syncproto.MaxLabelBytes)
		}
		return nil
	}, `INSERT INTO local_govs (code, name_th, kind, province) VALUES ($1, $2, $3, $4)
		ON CONFLICT (code) DO UPDATE SET name_th = excluded.name_th, kind = excluded.kind, province = excluded.province`,
		func(g server.LocalGov) []any { return []any{g.Code, g.NameTH, g.Kind, g.Province} })
	if err != nil {
		return fmt.Errorf("put local governments: %w", err)
	}
	return nil
}

// LocalGovs lists the local government bodies by code.
func (s *Store) LocalGovs(ctx context.Context) ([]server.LocalGov, error) {
	list, err := collect(ctx, s.read, func(rows *sql.Rows) (g server.LocalGov, err error) {
		err = rows.Scan(&g.Code, &g.NameTH, &g.Kind, &g.Province)
		return g, err
	}, `SELECT code, name_th, kind, province FROM local_govs ORDER BY code`)
	if err != nil {
		return nil, fmt.Errorf("local governments: %w", err)
	}
	return list, nil
}
