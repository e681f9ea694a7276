using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FCHS: raises nothing, whatever the value.</summary>
internal readonly struct ChangeSign : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => value.Negate();
}
