using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FYL2XP1: the other is ST(1).</summary>
internal readonly struct LogarithmPlus1ByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80Math.YLog2XPlus1(other, top, ref env);
}
