using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>ST(0) divided by the other: FDIV into ST(0), FDIVR into ST(i).</summary>
internal readonly struct DivideByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Divide(top, other, ref env);
}
