import Quantization
import Testing

@Suite struct RuleTextTests {
  @Test(arguments: [
    "all:precision=float32",
    "op=Conv:weight.granularity=perTensor",
    "module=/encoder/0:precision=float32",
    "match=(?:a|b).*:activation.observer=percentile(99.9)",
    "layer=/stem/conv/Conv:activation.type=qint8,activation.symmetry=symmetric",
    "tensor=input:0:activation.observer=manual(-1.0;6.0)",
    "layer=a:weight.reduceRange=true,weight.narrowRange=false,weight.epsilon=0.001",
    "layer=a:fuse=false",
    "tensor=a:precision=float32",
    "all:activation.scale=powerOfTwo,weight.scale=any",
    "all:activation.observer=fixed(0.00390625;0),weight.observer=movingAverage(0.5)",
  ])
  func readsWhatItWrites(text: String) throws {
    #expect(try Rule(parsing: text).text == text)
  }

  @Test func namesMayHoldColonsAndEqualSigns() throws {
    #expect(try Rule(parsing: "tensor=a:b=c:precision=fp32").scope == .tensor("a:b=c"))
  }

  @Test(arguments: ["encoder/0", "/encoder/0/", "/encoder/encoder.0"])
  func modulesHaveOneSpelling(name: String) throws {
    #expect(try Rule(parsing: "module=\(name):precision=int8").scope == .module("/encoder/0"))
  }

  @Test func spellingIsForgiving() throws {
    let rule = try Rule(
      parsing: "all: weight.granularity = per-tensor , activation.observer=Min_Max,weight.bits=7")
    #expect(rule.change.weight.granularity == .perTensor)
    #expect(rule.change.activation.observer == .minMax)
    #expect(rule.change.weight.reduceRange == true)
  }

  @Test(arguments: [
    ("precision=float32", "names no layers"),
    ("lyer=a:precision=float32", "did you mean 'layer'?"),
    ("layer=a:", "sets nothing"),
    ("layer=a:precision", "sets nothing"),
    ("layer=a:presicion=int8", "did you mean 'precision'?"),
    ("layer=a:granularity=perTensor", "did you mean 'weight.granularity'?"),
    ("layer=a:weight.granularty=perTensor", "did you mean 'weight.granularity'?"),
    ("layer=a:weight.granularity=some", "use perTensor or perChannel"),
    ("layer=a:precision=int4", "use int8, dynamic, weightOnly or float32"),
    ("layer=a:weight.bits=4", "use 7 or 8"),
    ("layer=a:weight.reduceRange=maybe", "use true or false"),
    ("layer=a:weight.epsilon=-1", "a number above 0"),
    ("layer=a:activation.observer=percentile(10)", "a percentile above 50"),
    ("layer=a:activation.observer=manual(6;0)", "the lower one first"),
    ("layer=a:activation.observer=manual(6", "manual(L;U)"),
    ("layer=a:activation.observer=guess", "minMax, movingAverage(C)"),
    ("layer=a:fuse=maybe", "use true or false"),
    ("tensor=a:fuse=false", "is about layers, not tensors"),
    ("tensor=a:precision=dynamic", "use int8 or float32"),
    ("match=conv(:precision=int8", "is not a regular expression"),
  ])
  func mistakesAreExplained(text: String, part: String) {
    do {
      _ = try Rule(parsing: text)
      Issue.record("'\(text)' was accepted")
    } catch {
      #expect(error.description.contains(part), "\(error.description)")
    }
  }

  @Test(arguments: [("conv1", "conv2"), ("CONV2", "conv2"), ("kernel", nil), ("", nil)])
  func nearestNamesAreNear(name: String, expected: String?) {
    #expect(nearestName(to: name, among: ["relu", "conv2", "conv2d_long_name"]) == expected)
  }
}
