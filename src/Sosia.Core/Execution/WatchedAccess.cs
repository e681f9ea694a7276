using System;

namespace Sosia.Core.Execution;

/// <summary>Which accesses to watched memory stop a vCPU.</summary>
[Flags]
public enum WatchedAccess
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Reads.</summary>
    Read = 1,

    /// <summary>Writes, whether they change the value or not.</summary>
    Write = 2,
}
