using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FMUL.</summary>
internal readonly struct MultiplyByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Multiply(top, other, ref env);
}
