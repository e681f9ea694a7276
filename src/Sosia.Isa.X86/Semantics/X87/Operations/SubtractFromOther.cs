using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>The other minus ST(0): FSUBR into ST(0), FSUB into ST(i).</summary>
internal readonly struct SubtractFromOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Subtract(other, top, ref env);
}
