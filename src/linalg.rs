//! LAPACK and BLAS: the only file that names them.
