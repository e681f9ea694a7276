using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FPATAN: the other is ST(1).</summary>
internal readonly struct ArcTangentOfOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80Math.ArcTangent(other, top, ref env);
}
