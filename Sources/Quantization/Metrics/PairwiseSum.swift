/// The sum in NumPy's order: blocks of 128 in eight lanes, halves above that.
///
/// Rounding depends on the order, so whatever has to agree with NumPy bit for bit adds like this.
func pairwiseSum<Number: BinaryFloatingPoint>(_ values: ArraySlice<Number>) -> Number {
  guard values.count >= 8 else { return values.reduce(-0.0, +) }
  guard values.count <= 128 else {
    let half = values.count / 2
    let middle = values.startIndex + half - half % 8
    return pairwiseSum(values[..<middle]) + pairwiseSum(values[middle...])
  }
  var lanes = Array(values.prefix(8))
  var index = values.startIndex + 8
  while index + 8 <= values.endIndex {
    for lane in 0..<8 { lanes[lane] += values[index + lane] }
    index += 8
  }
  var sum =
    ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
    + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
  while index < values.endIndex {
    sum += values[index]
    index += 1
  }
  return sum
}

func pairwiseSum<Number: BinaryFloatingPoint>(_ values: [Number]) -> Number {
  pairwiseSum(values[...])
}
