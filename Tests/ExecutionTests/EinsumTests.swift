import Tensors
import Testing

@testable import Execution

@Suite struct EinsumTests {
  @Test func resultsAreImpliedInAlphabeticalOrder() throws {
    let equation = try EinsumEquation("ba,ac", shapes: [[2, 3], [3, 4]])
    let (b, c) = (Int(UInt8(ascii: "b")), Int(UInt8(ascii: "c")))
    #expect(equation.result == [b, c])
    #expect(equation.extents[b] == 2 && equation.extents[c] == 4)
  }

  @Test func ellipsesCountFromTheLastAxis() throws {
    let equation = try EinsumEquation("...i,...i->...", shapes: [[2, 5, 4], [5, 4]])
    #expect(equation.operands.map { Array($0.dropLast()) } == [[-2, -1], [-1]])
    #expect(equation.result == [-2, -1])
    #expect(equation.extents[-2] == 2 && equation.extents[-1] == 5)
  }

  @Test(
    arguments: [
      ("ij,jk->ik", [[2, 3]], "has 2 terms for 1 operands"),
      ("ij->ij", [[2, 3, 4]], "names 2 axes of an operand of shape 2×3×4"),
      ("ij,jk->ik", [[2, 3], [4, 5]], "gives one index the extents 3 and 4"),
      ("ij->kj", [[2, 3]], "has a result with repeated or unknown indices"),
      ("i1->i", [[2, 3]], "has the character '1'"),
      ("ij->i->j", [[2, 3]], "has more than one arrow"),
    ])
  func equationsThatCannotBe(text: String, shapes: [[Int]], message: String) {
    #expect(throws: EinsumEquation.Fault(detail: message)) {
      try EinsumEquation(text, shapes: shapes.map { Shape($0) })
    }
  }
}

@Suite struct FourierTransformTests {
  typealias Complex = FourierTransform.Complex

  private func signal(_ count: Int) -> [Complex] {
    (0..<count).map { index in
      Complex(real: Double((index * 37) % 11) - 5, imaginary: Double((index * 17) % 7) - 3)
    }
  }

  @Test(arguments: [1, 2, 3, 5, 8, 10, 12, 16, 31, 64, 100])
  func everyLengthIsTheSumOfItsDefinition(length: Int) {
    let values = signal(length)
    var found = values
    FourierTransform(length: length).forward(&found)
    for frequency in 0..<length {
      var expected = Complex.zero
      for (index, value) in values.enumerated() {
        let turns = -Double(frequency * index % length) / Double(length)
        expected = expected + value * Complex.root(turns: turns)
      }
      let difference = found[frequency] - expected
      #expect(abs(difference.real) + abs(difference.imaginary) < 1e-10 * Double(length * 10))
    }
  }

  @Test(arguments: [1, 6, 32, 97]) func theInverseGivesBackTheSignal(length: Int) {
    let transform = FourierTransform(length: length)
    var values = signal(length)
    transform.forward(&values)
    transform.inverse(&values)
    for (found, expected) in zip(values, signal(length)) {
      #expect(abs(found.real - expected.real) + abs(found.imaginary - expected.imaginary) < 1e-10)
    }
  }
}
