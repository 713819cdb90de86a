//! Minimum spanning trees of rows.

use ndarray::{Array2, ArrayView2};

use super::rows::Rows;
use super::sweep::sweep;

/// The Euclidean distances between all rows (n, n).
pub fn distances(rows: &Rows) -> Array2<f64> {
    let n = rows.len();
    let all = sweep(rows, rows, |_, squared| {
        squared.iter().map(|s| s.sqrt()).collect::<Vec<f64>>()
    });
    Array2::from_shape_vec((n, n), all.concat()).expect("a distance for each pair of rows")
}

/// The length of the minimum spanning tree of the points at these places, from the distances between all points (n, n): the
/// sum of its edges (Prim's algorithm). 0 for fewer than two points.
pub fn tree_length(distances: ArrayView2<f64>, places: &[usize]) -> f64 {
    let Some((&first, rest)) = places.split_first() else {
        return 0.0;
    };
    // Points outside the tree, each with its distance to the nearest point inside.
    let mut outside: Vec<(usize, f64)> = rest.iter().map(|&place| (place, f64::INFINITY)).collect();
    let (mut newest, mut length) = (first, 0.0);
    while !outside.is_empty() {
        let row = distances.row(newest);
        let mut nearest = (0, f64::INFINITY);
        for (i, (place, apart)) in outside.iter_mut().enumerate() {
            *apart = apart.min(row[*place]);
            if *apart < nearest.1 {
                nearest = (i, *apart);
            }
        }
        let (place, apart) = outside.swap_remove(nearest.0);
        length += apart;
        newest = place;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_tree_joins_neighbours_and_no_more() {
        // 0 - 1 - 3 along a line, and a point 4 above its middle one: 1 + 2 + 4.
        let rows = Rows::of(array![[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [1.0, 4.0]]);
        let all = distances(&rows);
        assert_eq!(tree_length(all.view(), &[0, 1, 2, 3]), 7.0);
        assert_eq!(tree_length(all.view(), &[3, 0, 2, 1]), 7.0);
        assert_eq!(tree_length(all.view(), &[0, 2]), 3.0);
        assert_eq!(tree_length(all.view(), &[2]), 0.0);
        assert_eq!(tree_length(all.view(), &[]), 0.0);
    }

    #[test]
    fn it_is_the_shortest_of_all_trees() {
        // Kruskal's algorithm on the sorted edges.
        let rows = Rows::of(Array2::from_shape_fn((40, 3), |(i, j)| {
            ((i * 31 + j * 17 + i * i * j) % 29) as f64 + ((i * 7 + j) % 5) as f64 / 10.0
        }));
        let all = distances(&rows);
        let mut edges: Vec<(usize, usize)> = (0..40).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
        edges.sort_by(|a, b| all[[a.0, a.1]].total_cmp(&all[[b.0, b.1]]));
        let mut part: Vec<usize> = (0..40).collect();
        let mut length = 0.0;
        for (i, j) in edges {
            let (a, b) = (part[i], part[j]);
            if a != b {
                length += all[[i, j]];
                part.iter_mut().filter(|p| **p == b).for_each(|p| *p = a);
            }
        }
        let found = tree_length(all.view(), &(0..40).collect::<Vec<_>>());
        assert!((found / length - 1.0).abs() < 1e-13);
    }
}
