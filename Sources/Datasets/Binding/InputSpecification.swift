package import Tensors

/// What a model asks of one of its inputs.
package struct InputSpecification: Hashable, Sendable, CustomStringConvertible {
  package var name: String
  package var elementType: ElementType
  /// `nil` where any extent will do, such as the batch.
  package var dimensions: [Int?]

  package init(name: String, elementType: ElementType, dimensions: [Int?]) {
    self.name = name
    self.elementType = elementType
    self.dimensions = dimensions
  }

  /// `float32 N×3×224×224`.
  package var description: String { "\(elementType) \(dimensionText(dimensions))" }
}

/// `N×3×?×?`: a free first dimension is the batch.
func dimensionText(_ dimensions: [Int?]) -> String {
  if dimensions.isEmpty { return "scalar" }
  return dimensions.enumerated()
    .map { axis, extent in extent.map(String.init) ?? (axis == 0 ? "N" : "?") }
    .joined(separator: "×")
}

/// Whether two lists of dimensions can be the same; an unknown extent fits any.
func dimensionsFit(_ found: [Int?], _ wanted: [Int?]) -> Bool {
  found.count == wanted.count
    && zip(found, wanted).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
}
