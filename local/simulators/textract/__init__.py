"""A stand-in for Amazon Textract's AnalyzeExpense."""
