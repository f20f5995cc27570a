import Foundation
import Tensors

/// How made-up values are spread.
package enum RandomDistribution: Codable, Hashable, Sendable, CustomStringConvertible {
  /// Mean 0 and standard deviation 1.
  case normal
  case uniform(low: Double, high: Double)

  package var description: String {
    switch self {
    case .normal: "normal with mean 0 and deviation 1"
    case .uniform(let low, let high): "uniform from \(low) to \(high)"
    }
  }
}

/// Everything that made-up data depends on.
package struct RandomRecipe: Codable, Hashable, Sendable {
  package var seed: UInt64
  package var count: Int
  package var distribution: RandomDistribution
}

/// A small generator with a fixed algorithm, so that a seed means the same everywhere.
/// - Source: Steele, Lea and Flood 2014, SplitMix64.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// A stream of its own for one sample of one name.
  init(seed: UInt64, name: String, index: Int) {
    // FNV-1a spreads the name over 64 bits.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var mixer = SeededGenerator(seed: seed ^ hash)
    state = mixer.next() &+ UInt64(index) &* 0xd134_2543_de82_ef95
    _ = next()
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  /// In `0..<1`, from the upper 53 bits.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// In `0..<bound`; the bias of the remainder is below 2⁻³² for the bounds used here.
  mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

  /// Box and Muller's method, one of the two values.
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }

  /// The numbers below `count` in random order (Fisher and Yates).
  mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int(below(UInt64(last + 1))))
    }
    return order
  }
}

/// Made-up samples for one input; sample `i` is the same whatever was asked before it.
struct RandomSamples: SampleStore {
  /// Integer inputs are often indices, and small ones are valid for most tables.
  static let integerBound: UInt64 = 10

  let name: String
  let recipe: RandomRecipe
  let elementType: ElementType
  let shape: Shape

  var count: Int { recipe.count }
  var sampleDimensions: [Int?] { shape.dimensions.map(Optional.some) }
  func place(of index: Int) -> String { "random sample \(index) of '\(name)'" }

  func sample(_ index: Int) throws(DatasetError) -> Tensor {
    var generator = SeededGenerator(seed: recipe.seed, name: name, index: index)
    let place = place(of: index)
    switch elementType {
    case .float32, .float64, .float16:
      let values = (0..<shape.elementCount).map { _ in
        switch recipe.distribution {
        case .normal: generator.normal()
        case .uniform(let low, let high): low + (high - low) * generator.unit()
        }
      }
      return try Tensor(values, shape: shape)
        .converted(to: elementType, rounding: false, place: place)
    case .uint8, .int8:
      let values = (0..<shape.elementCount).map { _ in UInt8(generator.below(256)) }
      if elementType == .uint8 { return Tensor(values, shape: shape) }
      return Tensor(values.map { Int8(bitPattern: $0) }, shape: shape)
    case .bool:
      return Tensor((0..<shape.elementCount).map { _ in generator.below(2) == 1 }, shape: shape)
    default:
      let values = (0..<shape.elementCount).map { _ in Int64(generator.below(Self.integerBound)) }
      return try Tensor(values, shape: shape)
        .converted(to: elementType, rounding: false, place: place)
    }
  }
}
