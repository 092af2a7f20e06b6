//! Values that come again when all were taken.

/// Values in a circle.
pub(super) struct Ring<T> {
    values: Vec<T>,
    at: usize,
}

impl<T: Copy> Ring<T> {
    /// A circle of these, of which there is one at least.
    pub(super) const fn new(values: Vec<T>) -> Self {
        Self { values, at: 0 }
    }

    /// The next of them; `None` only of an empty circle.
    #[inline]
    pub(super) fn next(&mut self) -> Option<T> {
        if self.at == self.values.len() {
            self.at = 0;
        }
        let value = self.values.get(self.at).copied();
        self.at += 1;
        value
    }
}
