using System;
using System.Linq;

namespace Sosia.Kvm.Checks;

/// <summary>
/// Checks of the engine "kvm" through the library, for a host that has a KVM: the tests' bed. Without arguments all, else those whose names contain one of
/// the arguments; <c>--list</c> only names them. Prints "ok NAME" or "failed NAME: why" for each; the status is how many failed.
/// </summary>
internal static class Program
{
    // One a line.
    private static readonly ICheck[] Checks =
    [
        new Debugging.BreakpointsCheck(),
        new Debugging.DebugRegistersCheck(),
        new Debugging.SingleStepCheck(),
        new Difficult.LongModeInstructionsCheck(),
        new Difficult.RealModeInstructionsCheck(),
        new Difficult.DifficultCodeCheck(),
        new Memory.ScreenWritesCheck(),
        new Speed.NativeSpeedCheck(),
    ];

    /// <summary>Prints something that people may want to know, and that nobody checks.</summary>
    public static void Note(string text) => Console.WriteLine($"# {text}");

    private static int Main(string[] arguments)
    {
        if (arguments is ["--list"])
        {
            foreach (ICheck check in Checks)
            {
                Console.WriteLine(check.Name);
            }

            return 0;
        }

        int failures = 0;
        foreach (ICheck check in Checks)
        {
            if (arguments.Length != 0 && !arguments.Any(part => check.Name.Contains(part, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            string? why = WhyNot(check);
            failures += why is null ? 0 : 1;
            Console.WriteLine(why is null ? $"ok {check.Name}" : $"failed {check.Name}: {why}");
        }

        return failures;
    }

    // Whatever goes wrong in a check is its result: the others are still wanted.
    private static string? WhyNot(ICheck check)
    {
        try
        {
            check.Run();
            return null;
        }
        catch (CheckFailedException failure)
        {
            return failure.Message;
        }
        catch (Exception failure)
        {
            return failure.ToString().ReplaceLineEndings(" | ");
        }
    }
}
