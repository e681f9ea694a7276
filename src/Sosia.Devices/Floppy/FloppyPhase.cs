namespace Sosia.Devices.Floppy;

/// <summary>What the controller's data register is for.</summary>
internal enum FloppyPhase : byte
{
    /// <summary>It takes a command.</summary>
    Command,

    /// <summary>The command is carried out; the register is not ready.</summary>
    Execution,

    /// <summary>The processor reads data.</summary>
    DataToHost,

    /// <summary>The processor writes data.</summary>
    DataFromHost,

    /// <summary>It gives the result.</summary>
    Result,
}
