namespace Sosia.Theory.Host;

/// <summary>How what the processor did compares with what the instruction table says.</summary>
public enum HostAgreement
{
    /// <summary>The same, with the same results.</summary>
    Same,

    /// <summary>The same, with other values: those of another machine.</summary>
    SameWithOtherValues,

    /// <summary>What the table says of a machine with UMIP.</summary>
    SameUnderUmip,

    /// <summary>Something else, and it is known why.</summary>
    Explained,

    /// <summary>Something else.</summary>
    Different,

    /// <summary>The processor was not asked.</summary>
    Unknown,
}
