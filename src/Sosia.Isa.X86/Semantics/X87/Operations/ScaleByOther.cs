using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FSCALE: the other is ST(1).</summary>
internal readonly struct ScaleByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Scale(top, other, ref env);
}
