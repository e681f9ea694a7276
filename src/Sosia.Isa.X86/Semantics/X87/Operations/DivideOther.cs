using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>The other divided by ST(0): FDIVR into ST(0), FDIV into ST(i).</summary>
internal readonly struct DivideOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Divide(other, top, ref env);
}
