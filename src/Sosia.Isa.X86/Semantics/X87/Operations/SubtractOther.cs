using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>ST(0) minus the other: FSUB into ST(0), FSUBR into ST(i).</summary>
internal readonly struct SubtractOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Subtract(top, other, ref env);
}
