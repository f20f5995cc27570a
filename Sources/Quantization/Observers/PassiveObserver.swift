/// PyTorch's PlaceholderObserver and NoopObserver: values pass through, nothing is learned.
package struct PassiveObserver: Hashable, Sendable {
  /// Whether parameters are chosen while running, from each batch.
  package var isDynamic: Bool

  package init(isDynamic: Bool = false) { self.isDynamic = isDynamic }

  package func forward(_ values: [Float]) -> [Float] { values }

  /// Always refuses, as PyTorch does.
  package func parameters() throws(ObserverError) -> ObservedParameters { throw .passive }
}
