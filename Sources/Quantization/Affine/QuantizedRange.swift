/// The integer type that holds quantized values.
package enum QuantizedType: String, Codable, Sendable, CaseIterable {
  case qint8, quint8
  /// Four bits, for weights; kept one code to a byte.
  case qint4, quint4

  package var bitWidth: Int {
    switch self {
    case .qint8, .quint8: 8
    case .qint4, .quint4: 4
    }
  }

  package var fullRange: QuantizedRange {
    switch self {
    case .qint8: QuantizedRange(lowest: -128, highest: 127, type: .qint8)
    case .quint8: QuantizedRange(lowest: 0, highest: 255, type: .quint8)
    case .qint4: QuantizedRange(lowest: -8, highest: 7, type: .qint4)
    case .quint4: QuantizedRange(lowest: 0, highest: 15, type: .quint4)
    }
  }

  package var isSigned: Bool { self == .qint8 || self == .qint4 }

  /// The type of as many bits with the other sign.
  package var withOtherSign: QuantizedType {
    switch self {
    case .qint8: .quint8
    case .quint8: .qint8
    case .qint4: .quint4
    case .quint4: .qint4
    }
  }
}

/// The codes a quantizer may use; both ends included.
package struct QuantizedRange: Hashable, Codable, Sendable {
  package let lowest: Int32
  package let highest: Int32
  package let type: QuantizedType

  package init(lowest: Int32, highest: Int32, type: QuantizedType) {
    precondition(lowest < highest, "empty range \(lowest)...\(highest)")
    self.lowest = lowest
    self.highest = highest
    self.type = type
  }

  package static let int8 = QuantizedType.qint8.fullRange
  package static let uint8 = QuantizedType.quint8.fullRange

  /// How many steps lie between the ends.
  package var steps: Int32 { highest - lowest }
}
