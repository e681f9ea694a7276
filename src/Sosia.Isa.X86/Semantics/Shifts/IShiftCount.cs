namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>Where SHLD and SHRD take their count from.</summary>
internal interface IShiftCount
{
    /// <summary>True when a count of 0 never comes here (immediates: see <see cref="ShiftForms"/>).</summary>
    static abstract bool IsNeverZero { get; }

    /// <summary>The count, not yet masked.</summary>
    static abstract V Read<S, V>(ref S s)
        where S : struct, ISemantics<V>;
}
