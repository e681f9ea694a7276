using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading.Tasks;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: Xunit.TestFramework("Sosia.Isa.X86.Tests.Oracle.CoverageFramework", "Sosia.Isa.X86.Tests")]

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>
/// xunit's own framework that, after the last test, writes <see cref="InstructionCoverage"/> to the file that the environment variable
/// SOSIA_COVERAGE names. The end of the process would be too late: the test host is killed shortly after its last test.
/// </summary>
public sealed class CoverageFramework(IMessageSink messageSink) : XunitTestFramework(messageSink)
{
    /// <inheritdoc/>
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName)
        => new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Executor(AssemblyName assemblyName, ISourceInformationProvider sources, IMessageSink diagnostics)
        : XunitTestFrameworkExecutor(assemblyName, sources, diagnostics)
    {
        protected override async void RunTestCases(IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions)
        {
            using var runner = new Runner(TestAssembly, testCases, DiagnosticMessageSink, executionMessageSink, executionOptions);
            await runner.RunAsync();
        }
    }

    private sealed class Runner(ITestAssembly testAssembly, IEnumerable<IXunitTestCase> testCases, IMessageSink diagnostics, IMessageSink execution, ITestFrameworkExecutionOptions options)
        : XunitTestAssemblyRunner(testAssembly, testCases, diagnostics, execution, options)
    {
        protected override Task BeforeTestAssemblyFinishedAsync()
        {
            if (Environment.GetEnvironmentVariable("SOSIA_COVERAGE") is { Length: > 0 } path)
            {
                InstructionCoverage.Write(path);
            }

            return base.BeforeTestAssemblyFinishedAsync();
        }
    }
}
